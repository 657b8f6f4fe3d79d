/** A tag's part in what is told. */
export interface NoticeTag {
  readonly tag: string;
  readonly unit?: string;
  /** Of the score; above 0 = higher than expected, below 0 = lower. */
  readonly share: number;
  /** What was judged at the peak and what was expected instead, in the tag's own unit; left out where it is not known. */
  readonly actual?: number;
  readonly expected?: number;
}

/** What people are told of an incident: that it began, goes on after all, or is over. Plain data, the same in every run. */
export interface Notice {
  /** `<incident>/<number>/<change>`: the same notice has the same key in every run. */
  readonly key: string;
  readonly change: 'opened' | 'continued' | 'closed';
  readonly incident: string;
  readonly stream: string;
  readonly detector: string;
  /** Times of the first and the last flagged row so far, UTC ns. */
  readonly start: bigint;
  readonly end: bigint;
  /** Flagged rows. */
  readonly rows: number;
  readonly peakTime: bigint;
  readonly peakScore: number;
  readonly peakGrade: number;
  readonly causes: readonly string[];
  /** Largest share first. */
  readonly tags: readonly NoticeTag[];
  /** Incidents of this detector that were held back since the last notice of it. */
  readonly heldBack: number;
}

/** An incident whose main tag deviates no more than this is not told. */
export interface IgnoreRule {
  readonly tag: string;
  readonly direction: 'above' | 'below';
  /** Per cent of what was expected. */
  readonly within: number;
}

/** Of which incidents people are told. Decided by the rows' own time, so that a replay decides the same. */
export interface NoticeRules {
  /** Detectors and combinations; all unless given. */
  readonly detectors?: readonly string[] | undefined;
  /** After a notice none about another incident of the same detector and stream for so many milliseconds. */
  readonly cooldown: number;
  readonly ignore: readonly IgnoreRule[];
}

/** Milliseconds until a login that was refused is tried again: servers lock who tries often. */
export const loginPause = 300_000;

/** How an attempt to send came out. */
export type Delivery =
  /** `but`: not to everybody. */
  | { readonly outcome: 'sent'; readonly but?: string }
  /** Never will be: the receiver refuses this one. */
  | { readonly outcome: 'failed'; readonly why: string }
  /** To be tried again, after so many milliseconds at least. */
  | { readonly outcome: 'again'; readonly why: string; readonly after?: number };

/**
 * The key of an incident's opening: what a later notice of it belongs to.
 * @example
 * openingKey({ incident: 'f00d' }); // "f00d/1/opened"
 */
export function openingKey({ incident }: Pick<Notice, 'incident'>): string {
  return `${incident}/1/opened`;
}
