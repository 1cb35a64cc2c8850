//! Buffers that outlive an image: each thread keeps what it used, so that the next image costs no page faults.

use std::cell::RefCell;

/// What a thread keeps between images, at most. Two sets of 2048 px planes fit.
const KEPT_BYTES: usize = 24 << 20;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of exactly `len` bytes whose contents have no meaning.
pub fn take(len: usize) -> Vec<u8> {
    let kept = KEPT.with_borrow_mut(|kept| {
        let smallest = (0..kept.len()).filter(|&i| kept[i].capacity() >= len).min_by_key(|&i| kept[i].capacity());
        smallest.map(|i| kept.swap_remove(i))
    });
    let mut buffer = kept.unwrap_or_default();
    buffer.resize(len, 0);
    buffer
}

/// Keeps a buffer for the next [`take`], or frees it when enough is kept.
pub fn give_back(buffer: Vec<u8>) {
    // A thread that is ending has no arena left: then the buffer is simply freed.
    let _ = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let total: usize = kept.iter().map(Vec::capacity).sum();
        if total + buffer.capacity() <= KEPT_BYTES {
            kept.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> usize {
        KEPT.with_borrow(|kept| kept.iter().map(Vec::capacity).sum())
    }

    #[test]
    fn what_is_given_back_is_taken_again_and_no_more_kept_than_is_said() {
        give_back(Vec::with_capacity(1 << 20));
        give_back(Vec::with_capacity(4 << 20));
        let taken = take(3 << 20);
        assert_eq!((taken.len(), taken.capacity(), kept()), (3 << 20, 4 << 20, 1 << 20));
        (0..40).for_each(|_| give_back(Vec::with_capacity(1 << 20)));
        assert_eq!(kept(), KEPT_BYTES);
    }
}
