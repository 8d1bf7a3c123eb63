// Stat and bar gauge: a few values, each with its own words and colour. Grafana's own components.

import { type FieldDisplay, VizOrientation, getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';

import { withDefaults } from '../fields';
import type { View } from './view';

function valuesOf({ panel, frames, asking }: View): FieldDisplay[] {
  return getFieldDisplayValues({
    fieldConfig: withDefaults(panel.type, panel.fieldConfig),
    reduceOptions: { calcs: ['lastNotNull'], values: false, ...panel.options?.reduceOptions },
    replaceVariables: (text) => asking.variables.fill(text),
    theme: asking.theme,
    data: frames,
    timeZone: asking.picture.zone,
    sparkline: panel.type === 'stat' && panel.options?.graphMode !== 'none',
  });
}

type Each = VizRepeaterRenderValueProps<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>;

export function Values(view: View & { draw: (each: Each) => JSX.Element }) {
  const { panel, width, height, draw } = view;
  return (
    <VizRepeater
      getValues={() => valuesOf(view)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={draw}
      width={width}
      height={height}
      source={view.frames}
      itemSpacing={panel.type === 'stat' ? 3 : 8}
      autoGrid={panel.type === 'stat'}
      renderCounter={0}
      minVizHeight={panel.options?.minVizHeight}
      minVizWidth={panel.options?.minVizWidth}
      orientation={panel.options?.orientation ?? VizOrientation.Auto}
    />
  );
}

export function Stat(view: View) {
  const { panel, asking } = view;
  const options = panel.options ?? {};
  const draw = ({ value, alignmentFactors, width, height, count }: Each) => (
    <BigValue
      value={value.display}
      count={count}
      sparkline={value.sparkline}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      disableWideLayout={options.wideLayout === false}
      alignmentFactors={alignmentFactors}
      text={options.text}
      width={width}
      height={height}
      theme={asking.theme}
    />
  );
  return <Values {...view} draw={draw} />;
}

export function Bars(view: View) {
  const { panel, asking } = view;
  const options = panel.options ?? {};
  const draw = ({ value, alignmentFactors, orientation, width, height }: Each) => (
    <BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
      text={options.text}
      orientation={orientation}
      width={width}
      height={height}
      itemSpacing={8}
      lcdCellWidth={8}
      displayMode={options.displayMode ?? 'gradient'}
      alignmentFactors={alignmentFactors}
      showUnfilled={options.showUnfilled}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      theme={asking.theme}
    />
  );
  return <Values {...view} draw={draw} />;
}
