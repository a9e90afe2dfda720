//! Statistics of samples, by polars: each sample by itself, nothing kept from one to the next.

use polars::prelude::{
    ChunkAgg, ChunkQuantile, ChunkVar, Float64Chunked, NewChunkedArray, QuantileMethod,
};

fn sample(values: &[f64]) -> Float64Chunked {
    Float64Chunked::from_slice("x".into(), values)
}

/// None of no values.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    sample(values).mean()
}

/// With ddof 1; none of fewer than two values.
pub(super) fn sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 { None } else { sample(values).std(1) }
}

/// With linear interpolation between the two nearest.
pub(super) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    sample(values).quantile(q, QuantileMethod::Linear).unwrap()
}
