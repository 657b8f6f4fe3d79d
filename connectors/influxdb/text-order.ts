/**
 * Orders texts by their UTF-8 bytes, as databases do.
 * @example
 * ['pump', 'Pump', '2'].sort(compareTexts); // ["2", "Pump", "pump"]
 */
export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
