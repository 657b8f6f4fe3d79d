/**
 * Where the attacks of a recording are listed: beside it, by its name without the ending.
 * @example
 * attacksPathOf('data/plant.xlsx'); // "data/plant.attacks.json"
 * attacksPathOf('may.2.csv.gz'); // "may.2.attacks.json"
 */
export function attacksPathOf(recording: string): string {
  return `${recording.replace(/(\.csv|\.xls[xm]|\.jsonl|\.ndjson)?(\.gz)?$/i, '')}.attacks.json`;
}
