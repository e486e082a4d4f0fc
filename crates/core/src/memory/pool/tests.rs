use super::*;

#[test]
fn a_buffer_comes_back_for_the_next_request_of_its_class() {
    let counters = Arc::new(Counters::default());
    let mut pool = Pool::new(counters.clone(), 1 << 30);
    let a = pool.take::<f32>(1000).expect("enough memory");
    let address = a.as_ptr();
    pool.give(Buffer::F32(a));
    let b = pool.take::<f32>(1010).expect("enough memory");
    assert_eq!(b.as_ptr(), address);
    assert_eq!(b.len(), 1010);
    assert_eq!(counters.number_bytes.load(Ordering::Relaxed), 4040);
    pool.give(Buffer::F32(b));
    assert_eq!(counters.live_bytes.load(Ordering::Relaxed), 0);
    assert_eq!(counters.number_bytes.load(Ordering::Relaxed), 0);
    pool.trim();
    assert_eq!(counters.pool_bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn a_buffer_that_no_step_used_for_a_while_goes_back() {
    let counters = Arc::new(Counters::default());
    let mut pool = Pool::new(counters.clone(), 1 << 30);
    let kept = || counters.pool_bytes.load(Ordering::Relaxed);
    let a = pool.take::<u8>(1 << 20).expect("enough memory");
    pool.give(Buffer::U8(a));
    let start = Instant::now();
    for seconds in [0, 1, 2] {
        pool.step += KEEP_STEPS;
        pool.age(start + Duration::from_secs(seconds));
        assert_eq!(kept(), 1 << 20, "many steps, but only {seconds} s");
    }
    pool.step += KEEP_STEPS;
    pool.age(start + KEEP_TIME);
    assert_eq!(kept(), 0);
}

#[test]
fn sizes_that_do_not_come_again_do_not_pile_up() {
    let counters = Arc::new(Counters::default());
    let mut pool = Pool::new(counters.clone(), 1 << 30);
    // Batches of ever new lengths, two buffers each; none fits another batch.
    for n in [1 << 20, 100 << 10, 400 << 10, 30 << 10, 900 << 10] {
        let pair = [(); 2].map(|()| pool.take::<u8>(n).expect("enough memory"));
        for vec in pair {
            pool.give(Buffer::U8(vec));
        }
        let kept = counters.pool_bytes.load(Ordering::Relaxed);
        assert!(kept <= 3 << 20, "{kept} bytes are kept where 2 MB were live at most");
    }
    // The newest are there still.
    let before = counters.pool_bytes.load(Ordering::Relaxed);
    let again = pool.take::<u8>(900 << 10).expect("enough memory");
    assert_eq!(
        counters.pool_bytes.load(Ordering::Relaxed),
        before - again.capacity() as u64
    );
}

#[test]
fn an_impossible_request_is_an_error() {
    let mut pool = Pool::new(Arc::new(Counters::default()), 0);
    assert_eq!(pool.take::<f32>(1 << 60).expect_err("too large").code(), Code::Memory);
}

#[test]
fn the_pool_makes_room_before_it_refuses() {
    let counters = Arc::new(Counters::default());
    let mut pool = Pool::with_limit(counters.clone(), 1 << 30, 4 << 20);
    let small = pool.take::<u8>(3 << 20).expect("below the limit");
    pool.give(Buffer::U8(small));
    assert_eq!(counters.pool_bytes.load(Ordering::Relaxed), 3 << 20);
    // Another size: only what the pool kept stands in the way.
    let large = pool.take::<f32>(1 << 20).expect("the pool is trimmed first");
    assert_eq!(counters.pool_bytes.load(Ordering::Relaxed), 0);
    let error = pool.take::<u8>(1 << 20).expect_err("the limit is reached");
    assert_eq!(error.code(), Code::Memory);
    let text = error.to_string();
    for part in ["at most 4.0 MB", "a request of 1.0 MB beside 4.0 MB"] {
        assert!(text.contains(part), "{text}");
    }
    pool.give(Buffer::F32(large));
    pool.take::<u8>(1 << 20).expect("the memory was freed");
}
