// Which settings of a field exist: Grafana keeps that list with its panel plugins, which are not on npm.

import {
  FieldColorModeId,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  FieldConfigOptionsRegistry,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';

const STANDARD: Record<string, FieldConfigPropertyItem['process']> = {
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  fieldMinMax: identityOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: stringOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};

const GRAPH_DEFAULTS = {
  axisBorderShow: false,
  axisCenteredZero: false,
  axisColorMode: 'text',
  axisLabel: '',
  axisPlacement: 'auto',
  barAlignment: 0,
  barWidthFactor: 0.6,
  drawStyle: 'line',
  fillOpacity: 0,
  gradientMode: 'none',
  hideFrom: { legend: false, tooltip: false, viz: false },
  insertNulls: false,
  lineInterpolation: 'linear',
  lineWidth: 1,
  pointSize: 5,
  scaleDistribution: { type: 'linear' },
  showPoints: 'auto',
  spanNulls: false,
  stacking: { group: 'A', mode: 'none' },
  thresholdsStyle: { mode: 'off' },
};
const TABLE_DEFAULTS = { align: 'auto', cellOptions: { type: 'auto' }, inspect: false };
const CELL_DEFAULTS = { fillOpacity: 70, hideFrom: GRAPH_DEFAULTS.hideFrom, lineWidth: 0, spanNulls: false };

/** What a panel plugin would add to the settings that the dashboard leaves out. */
const DEFAULTS: Record<string, { color?: FieldColorModeId; custom: Record<string, unknown> }> = {
  barchart: { color: FieldColorModeId.PaletteClassic, custom: { ...GRAPH_DEFAULTS, fillOpacity: 80 } },
  'state-timeline': { color: FieldColorModeId.ContinuousGrYlRd, custom: CELL_DEFAULTS },
  'status-history': { color: FieldColorModeId.Thresholds, custom: CELL_DEFAULTS },
  table: { custom: TABLE_DEFAULTS },
  timeseries: { color: FieldColorModeId.PaletteClassic, custom: GRAPH_DEFAULTS },
};

export function withDefaults(type: string, config: FieldConfigSource | undefined): FieldConfigSource {
  const { color, custom } = DEFAULTS[type] ?? { custom: {} };
  const { defaults, overrides } = config ?? { defaults: {}, overrides: [] };
  const mode = color ?? FieldColorModeId.Thresholds;
  return {
    defaults: { color: { mode }, ...defaults, custom: { ...custom, ...defaults?.custom } },
    overrides: overrides ?? [],
  };
}

function property(id: string, process: FieldConfigPropertyItem['process'], isCustom: boolean): FieldConfigPropertyItem {
  const none = () => null;
  return {
    id: isCustom ? `custom.${id}` : id,
    path: id,
    name: id,
    isCustom,
    process,
    editor: none,
    override: none,
    settings: {},
    shouldApply: () => true,
  };
}

const standard = () => Object.entries(STANDARD).map(([id, process]) => property(id, process, false));

/** The settings that this panel's configuration speaks of, and all that Grafana has for every panel. */
export function registryFor(config: FieldConfigSource): FieldConfigOptionsRegistry {
  const spoken = config.overrides.flatMap((override) => override.properties.map((each) => each.id));
  const custom = spoken.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length));
  const names = new Set([...Object.keys(config.defaults.custom ?? {}), ...custom]);
  const own = [...names].map((id) => property(id, identityOverrideProcessor, true));
  return new FieldConfigOptionsRegistry(() => [...standard(), ...own]);
}

export function registerStandards(): void {
  standardFieldConfigEditorRegistry.setInit(() => standard() as never);
  const transformers = new Map(Object.values(standardTransformers).map((each) => [each.id, each]));
  standardTransformersRegistry.setInit(() =>
    [...transformers.values()].map((each) => ({
      id: each.id,
      name: each.name,
      description: '',
      editor: () => null,
      transformation: async () => each,
      imageDark: '',
      imageLight: '',
    })) as never,
  );
}
