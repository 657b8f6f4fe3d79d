/**
 * The type of source that reads a file, by the end of its name; csv where that says nothing.
 * @example
 * sourceTypeOf('SWaT.XLSX'); // "xlsx"
 * sourceTypeOf('plant.ndjson.gz'); // "jsonl"
 */
export function sourceTypeOf(path: string): 'csv' | 'jsonl' | 'xlsx' {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  if (/\.xls[xm]$/.test(name)) return 'xlsx';
  return /\.(jsonl|ndjson)$/.test(name) ? 'jsonl' : 'csv';
}

/** Is the text the name of a file rather than that of a component? */
export function looksLikePath(text: string): boolean {
  return /[/\\]|\.[a-z0-9]{1,5}$/i.test(text);
}
