//! Compares the kernel and all objects with the model.

use intos::Scheduler;
use intos::prelude::*;

use super::{COUNTERS, Simulation};
use crate::model::Model;
use crate::op::{MUTEXES, RECURSIVE};
use crate::world::World;

impl Simulation {
    /// Compares all objects and tasks with the model.
    pub fn compare<N: Nvm + Copy>(
        &self,
        scheduler: &Scheduler<N>,
        world: &World,
    ) -> Result<(), Error> {
        let nvm = scheduler.nvm();
        world.pass_time(scheduler.now()?);
        for index in 0..scheduler.task_count() {
            let task = intos::TaskIndex(index);
            let (state, id) = (scheduler.state(task)?, scheduler.id(task)?);
            world.compare_task(index.into(), state, id, scheduler.priority(task)?);
        }
        for (index, queue) in self.queues.iter().enumerate() {
            let items = queue.items(nvm).collect::<Result<Vec<u32>, Error>>()?;
            let expected = world.with_model(|model| model.items(index).unwrap_or_default());
            world.compare("queue", &items, &expected);
        }
        let expected = world.with_model(Model::available);
        world.compare("semaphore", &self.semaphore.count(nvm)?, &expected);
        let expected = world.with_model(|model| model.bits().unwrap_or(0));
        world.compare("event group", &self.group.bits(nvm)?, &expected);
        for (index, timer) in self.timer.iter().enumerate() {
            let expected = world.with_model(|model| model.expiry(index));
            world.compare("timer", &timer.expiry(nvm)?, &expected);
        }
        for index in 0..MUTEXES {
            let holder = if index == RECURSIVE {
                self.recursive.holder(scheduler)?
            } else {
                self.mutexes[index].holder(scheduler)?
            };
            let expected = world.with_model(|model| model.holder_id(index));
            world.compare("holder of a mutex", &holder, &expected);
        }
        let expected = world.with_model(|model| (model.stream_len(), model.messages_len()));
        let found = (
            usize::from(self.stream.len(nvm)?),
            usize::from(self.messages.len(nvm)?),
        );
        world.compare("buffers", &found, &expected);
        if let Ok(heap) = self.shared_heap.statistics(nvm) {
            world.compare_shared_objects(heap.blocks);
        }
        Ok(())
    }

    /// Validates the kernel and all objects.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<(), Error> {
        scheduler.check()?;
        for queue in self.queues {
            queue.check(scheduler)?;
        }
        for mutex in self.mutexes {
            mutex.check(scheduler)?;
        }
        self.recursive.check(scheduler)?;
        self.semaphore.check(scheduler)?;
        self.group.check(scheduler)?;
        self.timers.check(scheduler)?;
        self.stream.check(scheduler)?;
        self.messages.check(scheduler)?;
        Ok(())
    }

    /// Whether each block that is allocated is some task's.
    pub fn check_blocks<N: Nvm>(&self, nvm: &N) -> Result<bool, Error> {
        let used = nvm
            .load(self.blocks)?
            .iter()
            .filter(|block| **block != 0)
            .count();
        let heap = self.block_heap.statistics(nvm);
        Ok(heap.is_ok_and(|heap| heap.blocks as usize == used))
    }

    /// How many steps each task has committed.
    pub fn steps<N: Nvm>(&self, nvm: &N) -> Result<[u32; COUNTERS], Error> {
        Ok(nvm.load(self.steps)?)
    }
}
