/** Weight of the past in a smoothed line. */
const SMOOTHING = 0.85;

/** Exponential moving average that starts without bias. */
export function smooth(values: readonly number[]): number[] {
  let average = 0;
  let weight = 0;
  return values.map((value) => {
    average = SMOOTHING * average + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return average / weight;
  });
}
