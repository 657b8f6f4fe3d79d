/**
 * One promise of a contract, runnable against any implementation: throws (node:assert) when it is not kept.
 * Suites are functions that return checks, so that users can run them on components of their own, under any runner.
 */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}
