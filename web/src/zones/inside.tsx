// What the shape being drawn would do to the people on screen right now.
import type { LiveHeader } from '../api/types';
import { useT } from '../i18n/i18n';
import type { View } from '../live/age';
import type { Draft } from './draft';
import { isInside } from './geometry';

interface InsideProps {
  draft: Draft;
  header: LiveHeader | null;
  view: View;
}

export function Inside({ draft, header, view }: InsideProps) {
  const { t } = useT();
  const { points } = draft.shape;
  const known = header && view.look === 'watching' && points.length > 2;
  const people = known
    ? header.boxes.filter(
        (box) =>
          box.track !== null &&
          isInside(points, draft.settings.anchor, box.box, header.width, header.height),
      )
    : [];
  return (
    <div className="inside" data-testid="zone-inside" data-count={known ? people.length : '?'}>
      <span>{t('editor.inside')}</span>
      {!known && <b>{t('editor.inside.unknown')}</b>}
      {known && people.length === 0 && <b>{t('editor.inside.none')}</b>}
      {people.map((box) => (
        <span key={box.track} className={`chip ${draft.settings.type === 'danger' ? 'bad' : ''}`}>
          #{box.number}
        </span>
      ))}
    </div>
  );
}
