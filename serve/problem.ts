import type { FastifyError } from 'fastify';
import { type ErrorCode, SluiceError } from '../core/errors.ts';
import type { Problem } from './api.ts';

/** A request that is not answered as it was meant, and what to do about it. */
export class Refusal extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, code: string, message: string, more: { readonly place?: string; readonly fix?: string } = {}) {
    super(message);
    this.status = status;
    this.problem = problem(code, message, more);
  }
}

export function problem(
  code: string,
  message: string,
  { place, fix }: { readonly place?: string | undefined; readonly fix?: string | undefined } = {},
): Problem {
  return { error: { code, message, ...(place === undefined ? {} : { place }), ...(fix === undefined ? {} : { fix }) } };
}

/** Errors that are the asker's to mend, or that pass by themselves; any other is a fault of ours. */
const statuses: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  ITEM_INVALID: 400,
  ITEM_UNKNOWN: 404,
  ITEM_EXISTS: 409,
  ITEM_LIMIT: 409,
  SIMULATOR_UNAVAILABLE: 503,
  STORE_LOCKED: 503,
  STORE_UNAVAILABLE: 503,
  STORE_DENIED: 503,
  STORE_FULL: 507,
};

/** What helps against errors of the framework itself. */
const fixes: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "Send JSON, with the header 'Content-Type: application/json'.",
  FST_ERR_CTP_INVALID_JSON_BODY: 'Send keys and texts in double quotes, without a comma behind the last.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'Send JSON, or leave out the header Content-Type.',
};

/** How an error is answered; undefined for one that is nobody's business but the log's. */
export function answerTo(error: FastifyError | Error): { readonly status: number; readonly problem: Problem } | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof SluiceError) {
    const status = statuses[error.code];
    return status === undefined ? undefined : { status, problem: problem(error.code, error.what, error) };
  }
  const { statusCode, code = 'BAD_REQUEST' } = error as FastifyError;
  return statusCode !== undefined && statusCode < 500 ? { status: statusCode, problem: problem(code, error.message, { fix: fixes[code] }) } : undefined;
}
