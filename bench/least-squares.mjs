/** Slope of the straight line that is nearest to the points, and its standard error. */
export function slopeOf(points) {
  const n = points.length;
  if (n < 3) return { slope: NaN, error: NaN };
  const mean = (read) => points.reduce((sum, point) => sum + read(point), 0) / n;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (n - 2) / spread) };
}
