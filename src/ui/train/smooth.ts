/** Weight of the past in a smoothed line. */
const SMOOTHING = 0.85;

/** An exponential moving average that starts without bias, one value at a time. */
export function makeSmoother(): (value: number) => number {
  let average = 0;
  let weight = 0;
  return (value) => {
    average = SMOOTHING * average + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return average / weight;
  };
}

export function smooth(values: readonly number[]): number[] {
  return values.map(makeSmoother());
}
