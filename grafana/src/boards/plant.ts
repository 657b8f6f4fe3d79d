import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { rowCount, rowsPerSecond, stageBlame, stageSeries, stageSwitches, theDetector } from '../flux.ts';
import { figure, series, timeline } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, stageVariable, streamVariable } from '../variables.ts';
import { noneOrSome, switchValues, unitLooks } from './looks.ts';
import { incidentList, newestRow, numberOfIncidents, statuses } from './verdict-panels.ts';

/** The whole plant, stage by stage. */
export function plantBoard(): Dashboard {
  const its = theDetector();
  return board({
    uid: 'sluice-plant',
    title: 'Plant by stage',
    description: 'Every stage of the plant: its measurements, valves and pumps, and how much of what was flagged lies in it.',
    stores: ['plant'],
    variables: [streamVariable(), detectorVariable('one'), stageVariable()],
    annotations: regions(its),
    sections: [
      {
        title: 'The plant',
        panels: [
          numberOfIncidents(its, 'Of the chosen detector, that reach into the range.'),
          figure({ title: 'Rows', description: 'Rows of the stream in the range.', query: rowCount, unit: 'short', width: 3 }),
          newestRow('sluice-plant'),
          series({
            title: 'Rows a second',
            description: "By the rows' own times: a gap is a gap of the recording or of the plant.",
            query: rowsPerSecond,
            unit: 'suffix: rows/s',
            name: 'rows',
            min: 0,
            style: 'area',
            width: 6,
            height: 4,
          }),
          statuses(its, 'Status', { width: 7 }),
          incidentList(its, 'sluice-plant', { height: 7 }),
        ],
      },
      {
        title: 'Stage ${stage}',
        repeat: 'stage',
        panels: [
          series({
            title: 'Measurements of ${stage}',
            description: 'Flows, levels, pressures and analyses of the stage, as means of each moment, with the incidents behind.',
            query: stageSeries,
            unit: 'short',
            looks: unitLooks,
            width: 14,
            height: 8,
          }),
          timeline({
            title: 'Valves and pumps of ${stage}',
            description: 'The last position of each moment.',
            query: stageSwitches,
            unit: 'short',
            mappings: switchValues,
            width: 7,
            height: 8,
          }),
          figure({
            title: 'Flagged because of ${stage}',
            description: 'Rows that the chosen detector flagged and whose main tag is in this stage.',
            query: stageBlame(its),
            unit: 'suffix: rows',
            thresholds: noneOrSome,
            width: 3,
            height: 8,
          }),
        ],
      },
    ],
  });
}
