//! Loops compiled twice: for every processor of the family, and for those with wide vectors.

/// Work whose loops gain from wide vectors. `run` should be `#[inline(always)]`, and so should what it
/// calls: only what ends up inside is compiled for them.
pub trait Wide {
    /// What comes out.
    type Output;
    /// Does it.
    fn run(self) -> Self::Output;
}

/// Does the work with vectors of 256 bits where the processor has them (x86-64 with AVX2). The
/// outcome is the same everywhere.
pub fn widest<W: Wide>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been asked.
        return unsafe { with_avx2(work) };
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Wide>(work: W) -> W::Output {
    work.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [u16]);

    impl Wide for Sum<'_> {
        type Output = u32;
        #[inline(always)]
        fn run(self) -> u32 {
            self.0.iter().map(|value| u32::from(*value)).sum()
        }
    }

    #[test]
    fn work_is_done_once_and_its_outcome_comes_back() {
        let values: Vec<u16> = (0..1000).collect();
        assert_eq!(widest(Sum(&values)), Sum(&values).run());
    }
}
