// A state timeline. Grafana keeps this panel in its core: what is drawn here is our stand-in, with
// Grafana's own words and colours for every value.

import { type DataFrame, type Field, FieldType, dateTimeFormat, getFieldDisplayName } from '@grafana/data';
import { VizLegend, type VizLegendItem, measureText } from '@grafana/ui';
import { LegendDisplayMode } from '@grafana/schema';

import type { Mark } from '../marks';
import { type View, isEmpty, wordsForNothing } from './view';

interface Spell {
  from: number;
  to: number;
  text: string;
  color: string;
}

const AXIS_HEIGHT = 22;
const LEGEND_HEIGHT = 28;
const FONT_SIZE = 12;
const TICKS_EVERY = 90;
const MINUTE = 60_000;
const TICKS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE);

export function Spells({ panel, frames, marks, width, height, asking }: View) {
  if (isEmpty(frames)) {
    return <div className="nothing">{wordsForNothing(panel)}</div>;
  }
  const { theme, picture } = asking;
  const rows = frames.flatMap((frame) => rowsOf(frame, frames, picture.to, panel.options?.mergeValues !== false));
  const widest = Math.max(...rows.map((row) => measureText(row.name, FONT_SIZE).width));
  const left = Math.min(widest + 12, width / 3);
  const isWithLegend = panel.options?.legend?.showLegend !== false;
  const plotHeight = height - AXIS_HEIGHT - (isWithLegend ? LEGEND_HEIGHT : 0);
  const lane = plotHeight / rows.length;
  const x = (at: number) => left + ((at - picture.from) / (picture.to - picture.from)) * (width - left);
  const thick = lane * (panel.options?.rowHeight ?? 0.9);
  return (
    <>
      <svg width={width} height={plotHeight + AXIS_HEIGHT} fontSize={FONT_SIZE} fill={theme.colors.text.primary}>
        {ticksOf(picture.from, picture.to, width - left).map((at) => (
          <g key={at}>
            <line x1={x(at)} x2={x(at)} y2={plotHeight} stroke={theme.colors.border.weak} />
            <text x={x(at)} y={plotHeight + 16} textAnchor="middle">
              {dateTimeFormat(at, { timeZone: picture.zone, format: 'HH:mm' })}
            </text>
          </g>
        ))}
        {rows.map((row, index) => {
          const top = index * lane + (lane - thick) / 2;
          return (
            <g key={row.name}>
              <text x={left - 8} y={top + thick / 2 + 4} textAnchor="end">
                {row.name}
              </text>
              {row.spells.map((spell) => (
                <Box key={spell.from} spell={spell} x={x} top={top} height={thick} view={{ panel, theme, from: picture.from }} />
              ))}
            </g>
          );
        })}
        {marks.map((mark) => (
          <Line key={`${mark.from}${mark.title}`} mark={mark} x={x} height={plotHeight} />
        ))}
      </svg>
      {isWithLegend && <Legend rows={rows} />}
    </>
  );
}

interface BoxProps {
  spell: Spell;
  x: (at: number) => number;
  top: number;
  height: number;
  view: { panel: View['panel']; theme: View['asking']['theme']; from: number };
}

function Box({ spell, x, top, height, view }: BoxProps) {
  const from = x(Math.max(spell.from, view.from));
  const wide = Math.max(x(spell.to) - from, 0);
  const fits = measureText(spell.text, FONT_SIZE).width + 8 < wide;
  const shown = view.panel.options?.showValue ?? 'auto';
  const fill = (view.panel.fieldConfig?.defaults.custom?.fillOpacity ?? 70) / 100;
  return (
    <>
      <rect x={from} y={top} width={wide} height={height} fill={spell.color} fillOpacity={fill} />
      {shown !== 'never' && (fits || shown === 'always') && (
        <text x={from + 4} y={top + height / 2 + 4} fill={view.theme.colors.text.maxContrast}>
          {spell.text}
        </text>
      )}
    </>
  );
}

function Line({ mark, x, height }: { mark: Mark; x: (at: number) => number; height: number }) {
  return <line x1={x(mark.from)} x2={x(mark.from)} y2={height} stroke={mark.color} strokeDasharray="5 5" />;
}

function Legend({ rows }: { rows: { spells: Spell[] }[] }) {
  const colors = new Map(rows.flatMap((row) => row.spells.map((spell) => [spell.text, spell.color])));
  const items: VizLegendItem[] = [...colors].map(([label, color]) => ({ label, color, yAxis: 1 }));
  return <VizLegend items={items} displayMode={LegendDisplayMode.List} placement="bottom" readonly />;
}

function rowsOf(frame: DataFrame, all: DataFrame[], end: number, isMerged: boolean) {
  const time = frame.fields.find((field) => field.type === FieldType.time);
  if (!time) {
    return [];
  }
  const states = frame.fields.filter((field) => field !== time && !field.config.custom?.hideFrom?.viz);
  return states.map((field) => ({
    name: getFieldDisplayName(field, frame, all),
    spells: spellsOf(time, field, end, isMerged),
  }));
}

function spellsOf(time: Field, field: Field, end: number, isMerged: boolean): Spell[] {
  const found: Spell[] = [];
  const step = time.config.interval ?? Infinity;
  for (let index = 0; index < time.values.length; index++) {
    const value = field.values[index];
    const from = time.values[index] as number;
    const next = (time.values[index + 1] as number | undefined) ?? end;
    const to = Math.min(next, from + step, end);
    if (value === null || value === undefined || Number.isNaN(value)) {
      continue;
    }
    const { text, prefix, suffix, color } = field.display!(value);
    const spell = { from, to, text: `${prefix ?? ''}${text}${suffix ?? ''}`, color: color ?? '#888' };
    const last = found.at(-1);
    if (isMerged && last && last.text === spell.text && last.to >= from) {
      last.to = to;
    } else {
      found.push(spell);
    }
  }
  return found;
}

function ticksOf(from: number, to: number, width: number): number[] {
  const wanted = ((to - from) / width) * TICKS_EVERY;
  const every = TICKS.find((each) => each >= wanted) ?? TICKS.at(-1)!;
  const first = Math.ceil(from / every) * every;
  const count = Math.max(Math.floor((to - first) / every) + 1, 0);
  return Array.from({ length: count }, (_, index) => first + index * every).filter(
    (at) => ((at - from) / (to - from)) * width > 20 && ((to - at) / (to - from)) * width > 20,
  );
}
