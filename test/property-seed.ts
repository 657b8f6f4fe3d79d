import fc from 'fast-check';

/**
 * Properties are tried on the same values every time: whether a change may land must not depend on luck. The long tier looks for new
 * counterexamples. SLUICE_FC_SEED: a number (the one that a failure printed), or `random`.
 */
const asked = process.env.SLUICE_FC_SEED ?? '1';
if (asked !== 'random') {
  if (!/^-?\d+$/.test(asked)) throw new Error(`SLUICE_FC_SEED is neither a number nor \`random\`: ${JSON.stringify(asked)}`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(asked) });
}
