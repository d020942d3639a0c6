//! The bound, and what happens at it.

use corio_sync::{BoundedSemaphore, TryAcquireError};

use crate::util::{Polled, waiting};

#[test]
fn a_release_too_many_is_an_error_with_numbers() {
    let semaphore = BoundedSemaphore::new(2);
    let error = semaphore.release().unwrap_err();
    assert_eq!((error.bound, error.available), (2, 2));
    assert!(error.to_string().contains("2 of 2 permits are free already"), "{error}");

    Polled::new(semaphore.acquire()).ready().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.release().unwrap();
    assert!(semaphore.release().is_err());
    assert_eq!((semaphore.available_permits(), semaphore.bound()), (2, 2));
}

#[test]
fn a_permit_without_a_place_changes_nothing() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    semaphore.release().unwrap();
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_release_goes_to_who_waits() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    let mut next = waiting(semaphore.acquire());
    drop(permit);
    assert!(semaphore.locked());
    drop(next.ready().unwrap());
    assert!(!semaphore.locked());
    semaphore.close();
    assert!(semaphore.is_closed());
    assert!(Polled::new(semaphore.acquire()).ready().is_err());
}
