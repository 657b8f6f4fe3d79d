import { Select } from '../../components/field.tsx';
import { detectorNames, pipeline } from '../../plant.ts';
import { useParam } from '../../router.ts';

/** Whose verdicts stand beside the readings, as the address has it, and the field that chooses it. */
export function useDetector() {
  const lead = pipeline.value?.lead ?? '';
  const [asked, choose] = useParam('detector', lead);
  const names = detectorNames.value;
  // A name of another pipeline in an old link: the one to look at first takes its place.
  const detector = names.includes(asked) ? asked : names.includes(lead) ? lead : (names[0] ?? '');
  const options = names.map((name) => ({ value: name, label: name }));
  return {
    detector,
    query: detector === '' ? {} : { detector },
    field: options.length === 0 ? null : <Select label="Verdicts of" value={detector} options={options} onChange={choose} />,
  };
}
