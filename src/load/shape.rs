//! When which parcel is due. Pure.
//!
//! Without a rate nothing is due at a time: each sender sends its next parcel as soon as the last was answered.

use std::time::Duration;

/// How the parcels are spread over the time of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As many in every second.
    Steady,
    /// The first ten days of a month, office hours only, pressed together into the time there is.
    Month,
}

/// How much of the ten days' parcels each day has: an assumption until a real month was counted (docs/scaling.md).
const DAYS: [u16; 10] = [13, 14, 13, 12, 11, 9, 8, 8, 7, 5];
/// And each office hour, from eight in the morning to seven in the evening.
const HOURS: [u16; 11] = [5, 13, 14, 11, 5, 9, 12, 12, 10, 6, 3];

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    pub shape: Shape,
    /// Parcels a second, in the mean over the whole time.
    pub rate: Option<f64>,
    pub length: Duration,
}

impl Schedule {
    /// How many parcels are due in all; `None` where there are as many as can be sent.
    pub fn total(&self) -> Option<u64> {
        self.rate.map(|rate| (rate * self.length.as_secs_f64()).round().max(0.0) as u64)
    }

    /// When a parcel is due, counted from 0 and from the beginning; `None` for one that is beyond the last.
    pub fn due(&self, number: u64) -> Option<Duration> {
        let Some(total) = self.total() else { return Some(Duration::ZERO) };
        if number >= total {
            return None;
        }
        let share = (number as f64 + 0.5) / total as f64;
        Some(self.length.mul_f64(self.shape.time_of(share)))
    }

    /// How many parcels a second there are where there are most.
    pub fn peak(&self) -> Option<f64> {
        self.rate.map(|rate| rate * self.shape.peak_factor())
    }
}

impl Shape {
    /// How much more there is at the peak than in the mean.
    pub fn peak_factor(self) -> f64 {
        let (weights, most) = match self {
            Self::Steady => return 1.0,
            Self::Month => (steps(), steps().max().unwrap_or(1)),
        };
        let count = (DAYS.len() * HOURS.len()) as f64;
        f64::from(most) * count / weights.map(f64::from).sum::<f64>()
    }

    /// At which share of the time so large a share of all parcels is due.
    fn time_of(self, share: f64) -> f64 {
        if self == Self::Steady {
            return share;
        }
        let (all, count) = (steps().map(f64::from).sum::<f64>(), (DAYS.len() * HOURS.len()) as f64);
        let (mut left, mut step) = (share * all, 0.0);
        for weight in steps().map(f64::from) {
            if left <= weight {
                return (step + left / weight) / count;
            }
            left -= weight;
            step += 1.0;
        }
        1.0
    }
}

/// The weight of each hour of the ten days.
fn steps() -> impl Iterator<Item = u32> {
    DAYS.iter().flat_map(|day| HOURS.iter().map(move |hour| u32::from(*day) * u32::from(*hour)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(shape: Shape, rate: f64) -> Schedule {
        Schedule { shape, rate: Some(rate), length: Duration::from_secs(100) }
    }

    #[test]
    fn every_parcel_is_due_once_within_the_time_and_in_order() {
        for shape in [Shape::Steady, Shape::Month] {
            let schedule = schedule(shape, 50.0);
            let due: Vec<Duration> = (0..).map_while(|number| schedule.due(number)).collect();
            assert_eq!(due.len() as u64, schedule.total().unwrap(), "{shape:?}");
            assert!(due.is_sorted() && *due.last().unwrap() <= schedule.length, "{shape:?}");
        }
    }

    #[test]
    fn the_busiest_second_of_a_month_has_as_many_as_its_peak_says() {
        let schedule = schedule(Shape::Month, 200.0);
        let mut seconds = [0_u32; 101];
        (0..).map_while(|number| schedule.due(number)).for_each(|due| seconds[due.as_secs() as usize] += 1);
        let (most, peak) = (f64::from(*seconds.iter().max().unwrap()), schedule.peak().unwrap());
        assert!((peak * 0.9..peak * 1.1).contains(&most), "{most} beside {peak}");
        assert!((1.5..3.0).contains(&Shape::Month.peak_factor()), "{}", Shape::Month.peak_factor());
        assert_eq!(seconds.iter().sum::<u32>(), 20_000);
    }

    #[test]
    fn without_a_rate_nothing_has_to_wait() {
        let schedule = Schedule { shape: Shape::Steady, rate: None, length: Duration::from_secs(1) };
        assert_eq!((schedule.total(), schedule.due(1_000_000)), (None, Some(Duration::ZERO)));
    }
}
