const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `84,210` */
export const formatCount = (value: number): string => count.format(value);

/** `0.25`, `60.2`, `8,100`: as many places as are worth reading. */
export function formatRate(value: number): string {
  if (value === 0) return '0';
  return value >= 100 ? count.format(value) : value.toFixed(value < 1 ? 2 : 1);
}

/** `3.1 GB`, in powers of ten as disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
