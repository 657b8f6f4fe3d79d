import type { ItemSettings, Limits } from './items.ts';

/** What an item's fields hold: text, as it was typed. */
export type SettingsText = Readonly<Record<keyof ItemSettings, string>>;
export type SettingsErrors = Partial<Record<keyof ItemSettings, string>>;

/** Means and variances beyond it are refused: doubles become coarse. */
const largest = 1e12;

export const settingsText = ({ mean, variance, rate }: ItemSettings): SettingsText => ({ mean: String(mean), variance: String(variance), rate: String(rate) });

/** The settings that were typed, or what is wrong with which field. */
export function readSettings(text: SettingsText, limits: Limits): { settings: ItemSettings } | { errors: SettingsErrors } {
  const { min, max } = limits.rate;
  const errors: SettingsErrors = {};
  const number = (name: keyof ItemSettings, from: number, to: number, bounds: string): number => {
    const value = text[name].trim() === '' ? Number.NaN : Number(text[name]);
    if (Number.isNaN(value)) errors[name] = 'A number is needed.';
    else if (value < from || value > to) errors[name] = bounds;
    return value;
  };
  const settings = {
    mean: number('mean', -largest, largest, 'From −1e12 to 1e12.'),
    variance: number('variance', 0, largest, 'From 0 to 1e12.'),
    rate: number('rate', min, max, `From ${min} to ${max} a second.`),
  };
  return Object.keys(errors).length > 0 ? { errors } : { settings };
}

/** How far a slider goes: its usual range, wider where the value lies outside. */
export function sliderRange(value: number, usual: { readonly from: number; readonly to: number }): { from: number; to: number } {
  if (!Number.isFinite(value)) return usual;
  return { from: Math.min(usual.from, Math.floor(value * 2)), to: Math.max(usual.to, Math.ceil(value * 2)) };
}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** What is wrong with the name of a new item. */
export function idError(id: string, taken: readonly string[]): string | undefined {
  if (!idPattern.test(id)) return 'Letters, digits, dots, dashes and underscores; it begins with a letter or digit.';
  return taken.includes(id) ? `There is an item ${id} already.` : undefined;
}

/** A name that is free: `item-1`, `item-2` ... */
export function freeId(taken: readonly string[]): string {
  for (let count = 1; ; count++) if (!taken.includes(`item-${count}`)) return `item-${count}`;
}
