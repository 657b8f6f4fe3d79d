/** Something wrong with a board, an alert rule or another query, and where it stands. */
export interface Finding {
  /** `sluice-plant / panel 3 'Flow' / A` */
  readonly where: string;
  /** What is wrong; the server's own words where it refused a query. */
  readonly what: string;
  /** The query as it was sent. */
  readonly query?: string;
}
