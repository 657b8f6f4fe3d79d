import type { Figures, FileEvaluation, MeanFigures } from './evaluation.ts';
import { sumOfMarks } from './marks.ts';

/** Each file counts alike; a figure is the mean over the files where it can be said, NaN where it nowhere can. */
export function meanOf(files: readonly FileEvaluation[]): MeanFigures[] {
  const [first] = files;
  return first.methods.map(({ name, kind }) => {
    const own = files.flatMap(({ methods }) => methods.filter((method) => method.name === name));
    return {
      name,
      kind,
      aucPr: mean(own.map(({ aucPr }) => aucPr)),
      aucRoc: mean(own.map(({ aucRoc }) => aucRoc)),
      own: meanFigures(own.map((method) => method.own)),
      oracle: meanFigures(own.map((method) => method.oracle)),
      ...(own.some(({ marks }) => marks) ? { marks: sumOfMarks(own.flatMap(({ marks }) => marks ?? [])) } : {}),
    };
  });
}

function meanFigures(all: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number): number => mean(all.map(pick));
  return {
    precision: of(({ precision }) => precision),
    recall: of(({ recall }) => recall),
    f1: of(({ f1 }) => f1),
    far: of(({ far }) => far),
    mar: of(({ mar }) => mar),
    eventRecall: of(({ eventRecall }) => eventRecall),
    delaySeconds: of(({ delaySeconds }) => delaySeconds),
    falseIncidents: of(({ falseIncidents }) => falseIncidents),
    falseIncidentsPerDay: of(({ falseIncidentsPerDay }) => falseIncidentsPerDay),
    pointAdjusted: {
      precision: of(({ pointAdjusted }) => pointAdjusted.precision),
      recall: of(({ pointAdjusted }) => pointAdjusted.recall),
      f1: of(({ pointAdjusted }) => pointAdjusted.f1),
    },
  };
}

function mean(values: readonly number[]): number {
  const said = values.filter((value) => !Number.isNaN(value));
  return said.reduce((sum, value) => sum + value, 0) / said.length;
}
