import { useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { Button } from '../../components/button.tsx';
import { Select } from '../../components/field.tsx';
import { pipeline, stream } from '../../plant.ts';
import { setParams, useParam } from '../../router.ts';
import type { LaneKind } from './lanes.ts';
import type { IncidentFilter, MarkFilter } from './list.ts';

/** Every detector; no detector can be called so. */
const every = '*';

/** What the view is set to, as the address has it. */
export function useIncidentFilter(): { kind: LaneKind; filter: IncidentFilter; active: number } {
  const [kind] = useLaneKind();
  const [detector] = useParam('detector', usualDetector(kind));
  const [stage] = useParam('stage', '');
  const [tag] = useParam('tag', '');
  const [state] = useParam('state', '');
  const [mark] = useParam('mark', '');
  const [length] = useParam('length', 0);
  const filter: IncidentFilter = {
    detector: detector === every ? undefined : detector,
    stage: stage || undefined,
    tag: tag || undefined,
    state: state === 'open' || state === 'closed' ? state : undefined,
    mark: marks.some(({ value }) => value === mark) && mark !== '' ? (mark as MarkFilter) : undefined,
    length: length > 0 ? length : undefined,
  };
  const active = [stage, tag, state, mark].filter((value) => value !== '').length + Number(length > 0) + Number(detector !== usualDetector(kind));
  return { kind, filter, active };
}

/** What the lanes are by: stages, where the tags have any. */
export function useLaneKind(): [LaneKind, (kind: LaneKind) => void] {
  const staged = stream.value?.tags.some(({ stage }) => stage !== null) === true;
  const [asked, choose] = useParam('lanes', staged ? 'stage' : 'detector');
  return [staged && asked !== 'detector' ? 'stage' : 'detector', choose];
}

/** By stage, the verdicts to look at first: one incident for each thing that happened. Side by side, those of every detector. */
function usualDetector(kind: LaneKind): string {
  const lead = pipeline.value?.lead;
  return kind === 'detector' || lead === undefined || stream.value?.detectors.includes(lead) === false ? every : lead;
}

const marks = [
  { value: '', label: 'All' },
  { value: 'unmarked', label: 'Not marked' },
  { value: 'marked', label: 'Marked' },
  { value: 'true', label: 'True alarms' },
  { value: 'false', label: 'False alarms' },
];

const lengths = [
  { value: '0', label: 'Any' },
  { value: '30', label: '30 s or more' },
  { value: '60', label: '1 min or more' },
  { value: '300', label: '5 min or more' },
  { value: '900', label: '15 min or more' },
  { value: '3600', label: '1 h or more' },
];

/** Fields that say which incidents are shown. On a narrow screen they are behind a button. */
export function IncidentFilters({ incidents }: { incidents: readonly ApiIncident[] }) {
  const { kind, filter, active } = useIncidentFilter();
  const [open, setOpen] = useState(false);
  const usual = usualDetector(kind);
  const set =
    (name: string, fallback = '') =>
    (value: string) =>
      setParams({ [name]: [value, fallback] });
  const detectors = stream.value?.detectors ?? [];
  const stages = [...new Set(stream.value?.tags.flatMap(({ stage }) => stage ?? []))];
  const tags = [...new Set(incidents.flatMap((incident) => incident.tags.map(({ tag }) => tag)))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const known = (names: readonly string[], chosen: string | undefined) => options(chosen === undefined || names.includes(chosen) ? names : [...names, chosen]);
  const length = String(filter.length ?? 0);
  return (
    <div class="incident-filters" data-open={open ? '' : undefined}>
      <div class="incident-filters-button">
        <Button icon="chevron" pressed={open} onClick={() => setOpen(!open)}>
          Filters{active > 0 ? ` · ${active}` : ''}
        </Button>
      </div>
      <div class="incident-filters-fields">
        <Select
          label="Detector"
          value={filter.detector ?? every}
          options={[{ value: every, label: 'All detectors' }, ...known(detectors, filter.detector)]}
          onChange={set('detector', usual)}
        />
        {stages.length === 0 ? null : (
          <Select
            label="Stage"
            value={filter.stage ?? ''}
            options={[{ value: '', label: 'All stages' }, ...known(stages, filter.stage)]}
            onChange={set('stage')}
          />
        )}
        <Select label="Tag" value={filter.tag ?? ''} options={[{ value: '', label: 'All tags' }, ...known(tags, filter.tag)]} onChange={set('tag')} />
        <Select
          label="State"
          value={filter.state ?? ''}
          options={[
            { value: '', label: 'Open and closed' },
            { value: 'open', label: 'Open' },
            { value: 'closed', label: 'Closed' },
          ]}
          onChange={set('state')}
        />
        <Select label="Mark" value={filter.mark ?? ''} options={marks} onChange={set('mark')} />
        <Select
          label="Length"
          value={length}
          options={lengths.some(({ value }) => value === length) ? lengths : [...lengths, { value: length, label: `${length} s or more` }]}
          onChange={(value) => setParams({ length: [Number(value), 0] })}
        />
        {active === 0 ? null : (
          <Button kind="quiet" icon="close" onClick={clearFilter}>
            Clear filters
          </Button>
        )}
      </div>
    </div>
  );
}

/** Shows every incident of the range, but for the choice of lanes. */
export function clearFilter(): void {
  setParams({ detector: ['', ''], stage: ['', ''], tag: ['', ''], state: ['', ''], mark: ['', ''], length: [0, 0] });
}

const options = (names: readonly string[]) => names.map((name) => ({ value: name, label: name }));
