//! Wakes once a week, and reports on its days.

use intos::prelude::*;

use super::data::{Day, WEEKS, Week};
use super::program::{HOUR, WEEK, Weather, WeatherBoard};

pub(super) fn run<B: WeatherBoard>(task: &mut Task<B>, app: &Weather) -> Result<(), Error> {
    nv_for_loop!(task, _week in 0..WEEKS => {
        task.transaction(|tx| {
            let week = tx.get(app.reported)?;
            // Half an hour after the last reading of the week.
            tx.delay_until((week + 1) * WEEK - HOUR / 2)
        })?;
        let (_, finished) = report_week(task, app)?;
        if finished {
            break;
        }
    });
    // Where hours were missing, the last readings come before their time.
    nv_for_loop!(task, _rest in 0..WEEKS => {
        let (readings, _) = report_week(task, app)?;
        if readings == 0 {
            break;
        }
    });
    Ok(())
}

/// Reports on the next week: how many readings it had, and whether there will be no more.
fn report_week<B: WeatherBoard>(task: &mut Task<B>, app: &Weather) -> Result<(u16, bool), Error> {
    let mut table = app.table.lock(task, Timeout::Forever)?;
    let reported = table.transaction(|tx| {
        let week = tx.get(app.reported)? as usize;
        let mut days = [Day::NONE; 7];
        for (index, day) in (7 * week..).zip(&mut days) {
            if let Some(at) = app.days.element(index) {
                *day = tx.get(at)?;
            }
        }
        let line = Week::of(days.into_iter().filter(|day| day.count > 0));
        let finished = tx.get(app.finished)? == 1;
        if let Some(at) = app.weeks.element(week)
            && (line.count > 0 || !finished)
        {
            tx.set(at, line)?;
            tx.set(app.reported, week as u32 + 1)?;
        }
        Ok((line.count, finished))
    })?;
    table.unlock()?;
    Ok(reported)
}
