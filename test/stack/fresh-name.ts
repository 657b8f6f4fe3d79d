import { randomUUID } from 'node:crypto';

/** A name that begins so and that nobody else has. */
export const freshName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;
