import { Segments } from './segments.tsx';

/** How scores are drawn. */
type Scale = 'score' | 'log' | 'grade';

interface ScoreScaleProps {
  /** As it stands in the address. */
  readonly value: string;
  readonly onChange: (scale: Scale) => void;
}

/** Chooses on which scale scores are drawn. */
export function ScoreScale({ value, onChange }: ScoreScaleProps) {
  return (
    <Segments<Scale>
      label="Scale of the scores"
      value={value as Scale}
      onChange={onChange}
      options={[
        { value: 'score', label: 'Score', title: 'As the detector gives it' },
        { value: 'log', label: 'Powers of ten', title: 'The score, by powers of ten' },
        { value: 'grade', label: 'Grade', title: 'All on one scale: 0 usual, 0.5 warning, 1 error' },
      ]}
    />
  );
}
