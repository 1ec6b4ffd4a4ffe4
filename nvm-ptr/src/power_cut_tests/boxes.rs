//! Boxes and slices: allocated, changed and freed whole or not at all.

use nvm_alloc::{Heap, Statistics};
use nvm_core::sim::{Explorer, SimNvm};
use nvm_core::{Offset, Record, RecordReader, RecordWriter, for_each_atom};
use nvm_tx::Tx;

use super::Memory;
use crate::{Error, PBox, PSlice, PVec, Root};

/// A slot that holds the offset of a box, or 0.
struct Slot {
    memory: Memory,
    slot: Root<Offset<u64>>,
}

impl Slot {
    fn new() -> Self {
        let mut memory = Memory::new(96, 64);
        let slot = Root::place(&mut memory.layout, "slot");
        Self { memory, slot }
    }

    fn format<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) {
        self.memory.format(nvm);
        self.slot.format(nvm, &Offset::new(0)).unwrap();
        let (mut log, heap) = self.memory.open(nvm);
        // A neighbour, and a hole in front of it.
        log.transaction(|tx| {
            let hole = PBox::new(tx, heap, 0_u64)?;
            let _ = PBox::new(tx, heap, 3_u32)?.into_offset();
            hole.free(tx, heap)
        })
        .unwrap();
    }

    fn see<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) -> (Option<u64>, Statistics) {
        let (mut log, _) = self.memory.open(nvm);
        let value = log
            .transaction(|tx| match self.slot.get(tx)? {
                none if none.get() == 0 => Ok::<_, Error>(None),
                object => Ok(Some(tx.get(object)?)),
            })
            .unwrap();
        (value, self.memory.statistics(nvm))
    }
}

type Operation<const ATOM: usize> =
    fn(&Slot, &mut Tx<'_, &SimNvm<ATOM>>, Heap) -> Result<(), Error>;

fn allocate<const ATOM: usize>(
    slot: &Slot,
    tx: &mut Tx<'_, &SimNvm<ATOM>>,
    heap: Heap,
) -> Result<(), Error> {
    let object = PBox::new(tx, heap, 0x0123_4567_89AB_CDEF_u64)?;
    object.update(tx, |value| value ^ 1)?;
    Ok(slot.slot.set(tx, object.into_offset())?)
}

fn allocate_and_free<const ATOM: usize>(
    _: &Slot,
    tx: &mut Tx<'_, &SimNvm<ATOM>>,
    heap: Heap,
) -> Result<(), Error> {
    let object = PBox::new(tx, heap, [1_u32; 5])?;
    object.set_at(tx, 3, 9)?;
    object.free(tx, heap)
}

fn allocate_slices<const ATOM: usize>(
    slot: &Slot,
    tx: &mut Tx<'_, &SimNvm<ATOM>>,
    heap: Heap,
) -> Result<(), Error> {
    let one = PSlice::allocate(tx, heap, 5, |index| index as u16)?;
    let two = PSlice::allocate(tx, heap, 2, |index| index as u32)?;
    one.update(tx, 4, |value| value + 1)?;
    one.free(tx, heap)?;
    let sum = two.iter(tx).sum::<Result<u32, _>>()?;
    assert_eq!(sum, 1);
    slot.slot.set(tx, Offset::new(two.offset()))?;
    Ok(())
}

#[test]
fn a_box_is_there_with_its_value_or_not_at_all() {
    for_each_atom!(ATOM => {
        let cases: [(&str, Operation<ATOM>); 3] = [
            ("box: new", allocate),
            ("box: new and free", allocate_and_free),
            ("slices: new and free", allocate_slices),
        ];
        for (name, operation) in cases {
            for aborts in [false, true] {
                let slot = Slot::new();
                Explorer::<ATOM>::new(name, slot.memory.size()).depth(2).explore_atomic(
                    |nvm| slot.format(nvm),
                    |nvm| {
                        let (mut log, heap) = slot.memory.open(nvm);
                        let result = log.transaction(|tx| {
                            operation(&slot, tx, heap)?;
                            if aborts { Err(Error::Damaged { offset: 0 }) } else { Ok(()) }
                        });
                        assert_eq!(result.is_err(), aborts, "{result:?}");
                    },
                    |nvm| { let _ = slot.memory.open(nvm); },
                    |nvm| slot.see(nvm),
                ).assert_clean();
            }
        }
    });
}

/// A replay table in small: a record with the handles, valid once the mark says so.
fn recorded_box<const ATOM: usize>(
    slot: &Slot,
    nvm: &SimNvm<ATOM>,
    record: u32,
) -> (u64, u32, usize) {
    type Handles = (PBox<u64>, (PSlice<u32>, PVec<u16>));
    let (mut log, heap) = slot.memory.open(nvm);
    let mut handles: Handles = if log.mark() == 0 {
        let mut tx = log.begin().unwrap();
        let handles = (
            PBox::new(&mut tx, heap, 40).unwrap(),
            (
                PSlice::allocate(&mut tx, heap, 1, |_| 50).unwrap(),
                PVec::new(&mut tx, heap).unwrap(),
            ),
        );
        let mut writer = RecordWriter::new(&nvm, record, record + Handles::MAX_BYTES);
        handles.encode(&mut writer).unwrap();
        assert_eq!(writer.position(), record + 4 + 8 + 4);
        tx.commit_with(1).unwrap();
        handles
    } else {
        let mut reader = RecordReader::new(&nvm, record, record + Handles::MAX_BYTES);
        Handles::decode(&mut reader).unwrap().unwrap()
    };
    if log.mark() == 1 {
        let mut opened = (&mut handles.0, &mut handles.1.0);
        let (tx, result) = crate::begin_write_first(&mut log, 8, &mut opened)
            .unwrap()
            .run(|tx, (object, mut slice)| {
                object.update(tx, |value| value + 1)?;
                if let Some(element) = slice.next() {
                    element.write(tx, 60)?;
                }
                Ok::<(), nvm_tx::Fault>(())
            });
        result.unwrap();
        tx.commit_with(2).unwrap();
    }
    if log.mark() == 2 {
        let mut tx = log.begin().unwrap();
        handles
            .1
            .1
            .extend_from_slice(&mut tx, heap, &[1, 2, 3])
            .unwrap();
        tx.commit_with(3).unwrap();
    }
    log.transaction(|tx| {
        Ok::<_, Error>((
            handles.0.get(tx)?,
            handles.1.0.get(tx, 0)?,
            handles.1.1.len(tx)?,
        ))
    })
    .unwrap()
}

#[test]
fn a_recorded_handle_is_handed_out_again_and_opened_fresh() {
    for_each_atom!(ATOM => {
        let mut slot = Slot::new();
        let record = slot.memory.layout.area("record", 16).offset();
        Explorer::<ATOM>::new("recorded handles", slot.memory.size()).depth(2).explore(
            |nvm| slot.format(nvm),
            |nvm| { recorded_box(&slot, nvm, record); },
            |nvm| { recorded_box(&slot, nvm, record); },
            |nvm| {
                assert_eq!(recorded_box(&slot, nvm, record), (41, 60, 3));
                let statistics = slot.memory.statistics(nvm);
                assert_eq!(statistics.blocks, 5, "neighbour, box, slice, header, block");
                Ok(())
            },
        ).assert_clean();
    });
}

#[test]
fn freeing_what_the_layout_placed_is_refused() {
    let mut memory = Memory::new(96, 64);
    let slice = PSlice::<u32>::place(&mut memory.layout, "slice", 3);
    let vector = PVec::<u32>::place(&mut memory.layout, "vector");
    let nvm = SimNvm::<4>::new(memory.size());
    memory.format(&nvm);
    vector.format(&nvm).unwrap();
    let (mut log, heap) = memory.open(&nvm);
    let result = log.transaction(|tx| slice.free(tx, heap));
    assert!(matches!(
        result,
        Err(Error::Alloc(nvm_alloc::AllocError::Foreign { .. }))
    ));
    log.transaction(|tx| vector.push(tx, heap, 1)).unwrap();
    let before = memory.statistics(&nvm);
    // The error is ignored, and nothing is half freed.
    log.transaction(|tx| {
        assert!(vector.free(tx, heap).is_err());
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(memory.statistics(&nvm), before);
}
