/** What a view keeps in the address: text, numbers, switches and lists of names. The default's type says how a value is read. */
export type Param = string | number | boolean | readonly string[];

/** A parameter's value as its default's type; the default itself when it is missing or not of that type. */
export function readParam<T extends Param>(query: URLSearchParams, name: string, fallback: T): T {
  const text = query.get(name);
  if (text === null) return fallback;
  return (parse(text, fallback) ?? fallback) as T;
}

function parse(text: string, fallback: Param): Param | undefined {
  switch (typeof fallback) {
    case 'number': {
      const value = Number(text);
      return text.trim() !== '' && Number.isFinite(value) ? value : undefined;
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'string':
      return text;
    default:
      return text === '' ? [] : text.split(',').map((part) => decodeURIComponent(part));
  }
}

/** The query with a parameter set; a value that equals its default is left out, so that addresses stay short. */
export function writeParam<T extends Param>(query: URLSearchParams, name: string, value: T, fallback: T): URLSearchParams {
  const next = new URLSearchParams(query);
  const text = format(value);
  if (text === format(fallback)) next.delete(name);
  else next.set(name, text);
  return next;
}

function format(value: Param): string {
  // A name may hold a comma; escaped, the list can be taken apart again.
  return typeof value === 'object' ? value.map((part) => part.replace(/[%,]/g, encodeURIComponent)).join(',') : String(value);
}

/** `?a=1&b=x,y`, or nothing when empty; commas, colons and slashes stay readable. */
export function queryText(query: URLSearchParams): string {
  const text = query.toString().replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%2F/g, '/');
  return text === '' ? '' : `?${text}`;
}
