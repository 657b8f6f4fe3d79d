import { QueryVariableBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { type StoreName, store } from './data-sources.ts';
import { namesOf } from './flux.ts';
import { namesOf as monitoredNamesOf } from './monitoring-flux.ts';

function variable(name: string, label: string, description: string, query: string, where: StoreName = 'plant'): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(store(where))
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.Disabled);
}

/** All values, until some are chosen. */
const all = { text: ['All'], value: ['$__all'] };

export const streamVariable = (): QueryVariableBuilder => variable('stream', 'Stream', 'The plant or entity whose rows are shown.', namesOf.streams);

export const stageVariable = (): QueryVariableBuilder =>
  variable('stage', 'Stage', 'Stages of the plant, as its tags name them.', namesOf.stages).multi(true).includeAll(true).current(all);

/** Several tags, or one. */
export const tagVariable = (kind: 'one' | 'several'): QueryVariableBuilder =>
  variable('tag', kind === 'one' ? 'Tag' : 'Tags', 'Sensors and actuators, in the order of the source.', namesOf.tags).multi(kind === 'several');

/** One detector or combination, `combined` where there is one; or several, at first all. */
export function detectorVariable(kind: 'one' | 'several'): QueryVariableBuilder {
  const builder = variable('detector', kind === 'one' ? 'Detector' : 'Detectors', 'Whose verdicts and incidents are shown.', namesOf.detectors);
  return kind === 'one' ? builder.current({ text: 'combined', value: 'combined' }) : builder.multi(true).includeAll(true).current(all);
}

/** Sluice's processes by the address of their metrics; at first all. */
export const processVariable = (): QueryVariableBuilder =>
  variable('process', 'Process', 'Processes of Sluice, by the address at which Telegraf asks them.', monitoredNamesOf.processes, 'monitoring')
    .multi(true)
    .includeAll(true)
    .current(all);

export const hostVariable = (): QueryVariableBuilder => variable('host', 'Host', 'Machines that Telegraf watches.', monitoredNamesOf.hosts, 'monitoring');
