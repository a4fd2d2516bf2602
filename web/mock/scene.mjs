// Only for developing the page: a drawn factory hall with people who walk to and fro.
import { spawnSync } from 'node:child_process';

export const WIDTH = 960;
export const HEIGHT = 540;
export const FPS = 10;
const LOOP_S = 16;

/** Who walks where, per camera; helmet false is a person without one. */
export const PEOPLE = {
  press: [
    { n: 17, x: 560, a: 150, y: 470, h: 220, s: 1, helmet: false },
    { n: 12, x: 220, a: 90, y: 430, h: 190, s: 2, helmet: true },
  ],
  dock: [{ n: 5, x: 420, a: 260, y: 460, h: 180, s: 1, helmet: true }],
  weld: [],
  store: [{ n: 8, x: 600, a: 120, y: 480, h: 210, s: 1, helmet: true }],
};

const HALLS = { press: '59626b', dock: '4c555d', weld: '3b3f45', store: '4a4f48' };

const angle = (p, t) => (2 * Math.PI * p.s * t) / LOOP_S + p.n;
export const centre = (p, t) => p.x + p.a * Math.sin(angle(p, t));

function filter(hall) {
  const parts = [
    'drawbox=x=0:y=210:w=960:h=330:color=0x7b858c:t=fill',
    ...[0, 1, 2, 3, 4, 5].map((i) => `drawbox=x=${i * 180}:y=0:w=10:h=210:color=black@0.18:t=fill`),
    'drawbox=x=60:y=90:w=150:h=170:color=0x3c5a70:t=fill',
    'drawbox=x=75:y=110:w=120:h=50:color=0x22323f:t=fill',
    'drawbox=x=760:y=70:w=130:h=200:color=0x6b5436:t=fill',
    'drawbox=x=300:y=214:w=420:h=5:color=0xe8c23a:t=fill',
  ];
  // One small opaque source for each part of each body: drawn boxes can't move.
  const steps = [`[0:v]${parts.join(',')}[s0]`];
  let n = 0;
  for (const p of PEOPLE[hall]) {
    const box = (x, y, w, h, color) => {
      const size = `${Math.round(w * p.h)}x${Math.round(h * p.h)}`;
      const sway = `${p.a}*sin(2*PI*${p.s}*t/${LOOP_S}+${p.n})`;
      const at = `x='${p.x}+${sway}+${((x - 0.15) * p.h).toFixed(1)}':y=${Math.round(p.y + (y - 1) * p.h)}`;
      steps.push(`color=c=${color}:s=${size}:r=${FPS}:d=${LOOP_S}[p${n}]`);
      steps.push(`[s${n}][p${n}]overlay=${at}:eval=frame[s${n + 1}]`);
      n += 1;
    };
    box(0.05, 0.55, 0.08, 0.45, '0x263444');
    box(0.17, 0.55, 0.08, 0.45, '0x263444');
    box(0, 0.17, 0.3, 0.42, p.helmet ? '0xf07b22' : '0x3d5068');
    box(0.08, 0.02, 0.14, 0.15, '0xd8ac8c');
    if (p.helmet) box(0.06, 0, 0.18, 0.07, '0xf5c52c');
  }
  return `${steps.join(';')};[s${n}]noise=alls=5:allf=t`;
}

/** The JPEG pictures of one hall, a loop of LOOP_S seconds. */
export function render(hall) {
  const source = `color=c=0x${HALLS[hall]}:s=${WIDTH}x${HEIGHT}:r=${FPS}:d=${LOOP_S}`;
  const args = ['-v', 'error', '-f', 'lavfi', '-i', source, '-filter_complex', filter(hall)];
  const out = spawnSync('ffmpeg', [...args, '-q:v', '4', '-f', 'mjpeg', '-'], {
    maxBuffer: 1 << 28,
  });
  if (out.status !== 0) throw new Error(`${out.error ?? out.stderr}`);
  const pictures = [];
  let start = 0;
  for (;;) {
    const next = out.stdout.indexOf(Buffer.from([0xff, 0xd8, 0xff]), start + 2);
    pictures.push(out.stdout.subarray(start, next < 0 ? undefined : next));
    if (next < 0) return pictures;
    start = next;
  }
}

export function boxOf(p, t) {
  const x = centre(p, t);
  return [x - 0.19 * p.h, p.y - 1.03 * p.h, x + 0.19 * p.h, p.y + 4].map((v) => Math.round(v));
}
