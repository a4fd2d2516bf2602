// A number of a zone or of one of its rules; NaN while the field is empty.

interface NumberProps {
  name: string;
  label: string;
  note?: string;
  value: number;
  step: number;
  min?: number;
  max?: number;
  onChange: (value: number) => void;
}

export function NumberField({
  name,
  label,
  note,
  value,
  step,
  min = 0,
  max,
  onChange,
}: NumberProps) {
  return (
    <label>
      {label}
      <input
        type="number"
        min={min}
        max={max}
        step={step}
        data-testid={name}
        value={Number.isNaN(value) ? '' : value}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      {note && <small>{note}</small>}
    </label>
  );
}
