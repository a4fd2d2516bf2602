// Line icons, drawn here so that no icon font is needed.
const PATHS = {
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  shrink: 'M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5',
  sound: 'M4 10v4h4l5 4V6L8 10zM16.5 9a4.5 4.5 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11',
  muted: 'M4 10v4h4l5 4V6L8 10zM17 9.5l5 5M22 9.5l-5 5',
  zone: 'M5 7l13-2 1 12-9 3-6-5z',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  stop: 'M6 6h12v12H6z',
  plus: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  close: 'M6 6l12 12M18 6L6 18',
  blind:
    'M3 3l18 18M10.6 6.2A10 10 0 0 1 22 12a16 16 0 0 1-2.6 3.3M6.5 7.5A16 16 0 0 0 2 12a11 11 0 0 0 14.5 5',
  camera: 'M3 8h12v9H3zM15 11l6-3v9l-6-3',
  undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  alarm: 'M12 3l10 18H2zM12 10v5M12 18v.5',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0',
  out: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  check: 'M5 12.5l4.5 4.5L19 7.5',
} as const;

export function Icon({ name, size = 18 }: { name: keyof typeof PATHS; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32">
      <path d="M5 20a11 11 0 0 1 22 0z" fill="#f2b233" />
      <path d="M13.5 9.4h5V20h-5z" fill="#ffd67a" />
      <rect x="3" y="20" width="26" height="4" rx="2" fill="#f2b233" />
    </svg>
  );
}
