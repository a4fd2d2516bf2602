// Several values of a filter: a button that opens a list of boxes to tick.
import { useEffect, useId, useRef, useState } from 'react';
import { useT } from '../i18n/i18n';

interface Props {
  name: string;
  label: string;
  options: readonly (readonly [string, string])[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

export function Many({ name, label, options, chosen, onChange }: Props) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    window.addEventListener('pointerdown', outside);
    return () => window.removeEventListener('pointerdown', outside);
  }, [open]);
  const first = options.find(([value]) => value === chosen[0])?.[1] ?? chosen[0];
  const text =
    chosen.length === 0
      ? t('common.all')
      : chosen.length === 1
        ? first
        : t('history.chosen', { n: chosen.length });
  const toggle = (value: string) =>
    onChange(
      chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value],
    );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Esc closes what is inside
    <div
      className="many"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        setOpen(false);
        box.current?.querySelector('button')?.focus();
      }}
    >
      <span id={id}>{label}</span>
      <button
        type="button"
        aria-expanded={open}
        aria-labelledby={`${id} ${id}-text`}
        data-testid={`filter-${name}`}
        onClick={() => setOpen(!open)}
      >
        <span id={`${id}-text`}>{text}</span>
      </button>
      {open && (
        <fieldset className="many-list" aria-labelledby={id}>
          {options.map(([value, words]) => (
            <label key={value} className="check">
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                data-testid={`filter-${name}-${value}`}
                onChange={() => toggle(value)}
              />
              {words}
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}
