// The picture under a zone being drawn: live while the camera sends, else the newest still.
import { useEffect, useRef, useState } from 'react';
import { pictureUrl } from '../api/client';
import type { Anchor, Box, Camera, LiveHeader, Point, ZoneType } from '../api/types';
import { useT } from '../i18n/i18n';
import { live } from '../live/live';
import { paint } from '../live/paint';
import { isInside } from './geometry';

interface PictureProps {
  camera: Camera;
  /** The zone being drawn, when closed enough to have an inside. */
  points: readonly Point[];
  type: ZoneType;
  anchor: Anchor;
  running: boolean;
  onHeader: (header: LiveHeader) => void;
}

export function ZonePicture({ camera, points, type, anchor, running, onHeader }: PictureProps) {
  const { t } = useT();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [still, setStill] = useState<string | null>(null);
  const state = useRef({ points, type, anchor, running, onHeader, t });
  state.current = { points, type, anchor, running, onHeader, t };

  useEffect(() => {
    let frames = 0;
    return live.feed(camera.id).onFrame((frame) => {
      const now = state.current;
      if (!canvas.current || (!now.running && frames > 0)) return;
      frames += 1;
      setStill(null);
      const { header, bitmap } = frame;
      const inside = (box: Box) =>
        now.points.length > 2 &&
        isInside(now.points, now.anchor, box.box, header.width, header.height);
      paint(canvas.current, header, bitmap, now.t, {
        zones: false,
        labels: true,
        level: (box) => (inside(box) && now.type !== 'custom' ? now.type : 'ok'),
      });
      now.onHeader(header);
    });
  }, [camera.id]);

  // A camera that sends nothing now may still have a last picture.
  const hasPicture = camera.status.width !== null;
  useEffect(() => {
    if (hasPicture && !live.feed(camera.id).frame) setStill(pictureUrl(camera.id, Date.now()));
  }, [camera.id, hasPicture]);

  return (
    <>
      <canvas ref={canvas} className="zone-picture" />
      {still && <img className="zone-picture" src={still} alt="" onError={() => setStill(null)} />}
    </>
  );
}
