/**
 * What an evaluation found: plain data, the same for the terminal, JSON and the report. Times are UTC nanoseconds as decimal text
 * or ISO 8601 where people read them; ratios are 0 to 1, NaN (null in JSON) where nothing can be said, such as the precision of a
 * method that flags nothing.
 */
export interface Evaluation {
  /** For people: which pipeline, and what it was trained on for every file. */
  readonly pipeline: string;
  readonly training: string;
  readonly files: readonly FileEvaluation[];
  /** Over the files, each counting alike; of one file its own figures. */
  readonly mean: readonly MeanFigures[];
  /** Whose marks the incidents were held against, where they were. */
  readonly marks?: string;
}

export interface FileEvaluation {
  readonly file: string;
  /** How the labels were found. */
  readonly labels: string;
  /** For people: what was learned from for this file, and why that. */
  readonly training: string;
  /** Rows that were scored; those that trained are not among them. */
  readonly rows: number;
  readonly anomalousRows: number;
  /** Time of the first and last scored row, ISO 8601; seconds between rows (median). */
  readonly from: string;
  readonly to: string;
  readonly intervalSeconds: number;
  /** What a reader must know, such as an assumed period between rows. */
  readonly notes: readonly string[];
  readonly events: readonly LabelledEvent[];
  /** Detectors, combinations, then the baselines. */
  readonly methods: readonly MethodEvaluation[];
}

/** Rows in a row that are labelled as anomalous. */
export interface LabelledEvent {
  /** First row and the one behind the last, of those scored. */
  readonly from: number;
  readonly to: number;
  readonly start: string;
  readonly end: string;
  /** What was done and to which tags, where the file says so. */
  readonly description?: string;
  readonly tags?: readonly string[];
}

export interface MethodEvaluation {
  readonly name: string;
  readonly kind: 'detector' | 'combination' | 'baseline';
  /** At the threshold that the pipeline learned without labels. */
  readonly own: Figures;
  /** At the threshold with the best F1 there is, found with the labels: a bound, no result. */
  readonly oracle: Figures & { readonly threshold: number };
  /** Average precision and area under the ROC curve, of the calibrated score. */
  readonly aucPr: number;
  readonly aucRoc: number;
  /** Rows without a score: they count as not flagged, and with the lowest score. */
  readonly unscoredRows: number;
  /** Its incidents against what people marked; there where marks were given, and not of a baseline. */
  readonly marks?: MarkFigures;
  /** Per event of the file, in order. */
  readonly events: readonly EventOutcome[];
  /** Calibrated score over the scored rows, thinned to the largest of each stretch, for plots; `step` rows each. */
  readonly course: { readonly step: number; readonly largest: readonly number[] };
}

/** Incidents held against marks of people, who need not have marked all. */
export interface MarkFigures {
  readonly incidents: number;
  /** Of those marked as a true alarm, as a false one, and those that nobody marked. */
  readonly true: number;
  readonly false: number;
  readonly unmarked: number;
  /** true / (true + false): over the marked ones alone. */
  readonly precision: number;
  /** Stretches that were marked as true alarms, whoever's incidents: how many have an incident of this method, and how many there are. */
  readonly found: number;
  readonly toFind: number;
  /** The same by the labels of a file: incidents with a labelled row, and those of them that share time with an event. */
  readonly byLabels?: { readonly incidents: number; readonly true: number; readonly precision: number };
}

/** At one threshold. */
export interface Figures {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** False alarm rate: flagged among the normal rows. */
  readonly far: number;
  /** Missed alarm rate: not flagged among the anomalous rows. */
  readonly mar: number;
  /** Events within which an incident begins. */
  readonly eventRecall: number;
  /** From the beginning of an event to that of the first incident within it, seconds; mean over the events that have one. */
  readonly delaySeconds: number;
  /** Incidents that overlap no event, and how many that is in a day of scored rows. */
  readonly falseIncidents: number;
  readonly falseIncidentsPerDay: number;
  /** An event with one flagged row counts as flagged from end to end: never to be read alone. */
  readonly pointAdjusted: { readonly precision: number; readonly recall: number; readonly f1: number };
}

export interface EventOutcome {
  /** Does an incident begin within the event? */
  readonly found: boolean;
  /** Seconds until the first one does; NaN where none does. */
  readonly delaySeconds: number;
  /** Flagged rows of the event. */
  readonly flagged: number;
  /** The largest calibrated score within the event, at which row, and the tags that carry it, largest share first. */
  readonly peakScore: number;
  readonly peakRow: number;
  readonly topTags: readonly string[];
}

export interface MeanFigures {
  readonly name: string;
  readonly kind: MethodEvaluation['kind'];
  readonly aucPr: number;
  readonly aucRoc: number;
  readonly own: Figures;
  readonly oracle: Figures;
  /** Of all files together: incidents are counted, not averaged. */
  readonly marks?: MarkFigures;
}
