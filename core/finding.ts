/** How a check of `sluice doctor` came out; `not checked`: something that it needs is not there. */
export type FindingStatus = 'ok' | 'warning' | 'failed' | 'not checked';

/** One thing that `sluice doctor` looked at. */
export interface Finding {
  /** What it is: `broker 127.0.0.1:9092`, `retention`. */
  readonly check: string;
  readonly status: FindingStatus;
  /** What was found, quoting the value. */
  readonly found: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** What a component knows of the pipeline when it looks after its service. */
export interface DiagnoseContext {
  readonly topics: readonly string[];
  /** The consumer group of `sluice process`. */
  readonly group: string;
  /** Aborted when time is up: what is not known by then is not checked. */
  readonly signal: AbortSignal;
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found });
export const warning = (check: string, found: string, fix: string): Finding => ({ check, status: 'warning', found, fix });
export const failed = (check: string, found: string, fix: string): Finding => ({ check, status: 'failed', found, fix });
/** @param why what is in the way */
export const notChecked = (check: string, why: string): Finding => ({ check, status: 'not checked', found: why });
