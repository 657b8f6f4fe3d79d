/** The nightly tier does more of the same, and for longer: `npm run test:long`. */
export const nightly = process.env.SLUICE_TEST_TIER === 'nightly';
