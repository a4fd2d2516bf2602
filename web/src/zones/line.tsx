// The lines of the rules of the zone being drawn: two ends to drag, and an arrow each way that counts.
import type { Direction, Point, Rule } from '../api/types';
import { useT } from '../i18n/i18n';
import { Handle } from './handle';
import { arrowPath, arrows } from './line-arrows';
import { changeRule } from './rule';

interface LinesProps {
  rules: readonly Rule[];
  width: number;
  height: number;
  onChange: (rules: Rule[]) => void;
}

export function RuleLines({ rules, width, height, onChange }: LinesProps) {
  return rules.map(
    (rule, at) =>
      rule.line && (
        <Line
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is known by its place while its name is typed
          key={at}
          name={rule.name}
          line={rule.line}
          direction={rule.direction ?? 'both'}
          width={width}
          height={height}
          onChange={(line) => onChange(changeRule(rules, at, { line }))}
        />
      ),
  );
}

interface LineProps {
  name: string;
  line: [Point, Point];
  direction: Direction;
  width: number;
  height: number;
  onChange: (line: [Point, Point]) => void;
}

function Line({ name, line, direction, width, height, onChange }: LineProps) {
  const { t } = useT();
  const ends = line.map(([x, y]): Point => [x * width, y * height]) as [Point, Point];
  return (
    <g className="tripwire" data-testid="zone-line">
      <line x1={ends[0][0]} y1={ends[0][1]} x2={ends[1][0]} y2={ends[1][1]} />
      {arrows(ends, direction).map(([from, to]) => (
        <path key={to.join()} d={arrowPath(from, to)} />
      ))}
      {([0, 1] as const).map((end) => (
        <g key={end}>
          <Handle
            point={line[end]}
            label={t('rule.line.end', { name, n: end + 1 })}
            width={width}
            height={height}
            onMove={(point) => onChange(end === 0 ? [point, line[1]] : [line[0], point])}
          />
          <text x={ends[end][0] + 10} y={ends[end][1] - 12}>
            {end + 1}
          </text>
        </g>
      ))}
    </g>
  );
}
