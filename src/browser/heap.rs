//! The module's allocator: free lists by size class over memory that only grows.
//!
//! The default allocator is 2.5 KB of a 14 KB download. This one is a few hundred bytes, takes and gives in
//! constant time however many events wait, and rounds up to a power of two, which the outbox's bounded texts can
//! afford. It never gives memory back to the browser; no wasm allocator can.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

const PAGE_BYTES: usize = 65_536;
/// Smallest block: room for the link of a free list and every alignment in use.
const BLOCK_BYTES_MIN: usize = 16;
/// A layout has fewer than 2³¹ bytes.
const CLASSES: usize = 32;

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Lists { free: [null_mut(); CLASSES], next: 0, end: 0 }));

struct Heap(UnsafeCell<Lists>);

struct Lists {
    /// The first free block of each class; a free block begins with the address of the next.
    free: [*mut u8; CLASSES],
    /// Fresh memory that was never handed out.
    next: usize,
    end: usize,
}

// SAFETY: the module is built without threads (no `atomics` target feature), so nothing is shared.
unsafe impl Sync for Heap {}

/// The class of a layout. Its blocks have 2 to the power of this bytes.
fn class(layout: Layout) -> usize {
    let bytes = layout.size().max(BLOCK_BYTES_MIN);
    (usize::BITS - (bytes - 1).leading_zeros()) as usize % CLASSES
}

impl Lists {
    fn fresh(&mut self, bytes: usize) -> *mut u8 {
        // Sizes are multiples of the smallest block's, and so are addresses: no type asks for more than its 16 bytes.
        if self.next + bytes > self.end {
            let pages = bytes.div_ceil(PAGE_BYTES);
            let grown_at = core::arch::wasm32::memory_grow(0, pages);
            if grown_at == usize::MAX {
                return null_mut();
            }
            // What is left of the page before is given up.
            self.next = grown_at * PAGE_BYTES;
            self.end = self.next + pages * PAGE_BYTES;
        }
        let start = self.next;
        self.next += bytes;
        start as *mut u8
    }
}

#[expect(clippy::cast_ptr_alignment, reason = "a free block is aligned to 16 bytes, more than a pointer asks for")]
// SAFETY: a block is handed out once until it is freed; its class, found from the layout alone, is the same in
// `alloc` and `dealloc`, and is at least as large as the layout asks, and no layout asks for more than the 16 bytes that every
// block is aligned to.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let class = class(layout);
        // SAFETY: see `Sync`; no other reference into the lists lives.
        let lists = unsafe { &mut *self.0.get() };
        let first = &mut lists.free[class];
        let block = *first;
        if block.is_null() {
            return lists.fresh(1 << class);
        }
        // SAFETY: a free block holds the link that `dealloc` wrote.
        *first = unsafe { block.cast::<*mut u8>().read() };
        block
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`; the block is the caller's to give and at least 16 bytes long.
        unsafe {
            let lists = &mut *self.0.get();
            let first = &mut lists.free[class(layout)];
            block.cast::<*mut u8>().write(*first);
            *first = block;
        }
    }
}
