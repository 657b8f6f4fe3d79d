import { effect } from '@preact/signals';
import { remembered } from './remembered.ts';

export type Theme = 'auto' | 'light' | 'dark';

/** Light, dark, or as the system has it. */
export const theme = remembered<Theme>('theme', 'auto', ['auto', 'light', 'dark']);

/** Puts the choice where the styles look. Charts drawn on a canvas read their colours again when `theme` or the system changes. */
export function applyTheme(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === 'auto') delete dataset.theme;
    else dataset.theme = theme.value;
  });
}
