// Mutex, MutexLock, CondVar: those of the standard library, with the attributes from which clang
// proves (-Wthread-safety) that what a mutex guards is used only while it is held.
//
//   Mutex mutex_;
//   int count_ GUARDED_BY(mutex_) = 0;            // read and written with mutex_ held
//   void add_locked() REQUIRES(mutex_);           // callers hold mutex_
//   void add() EXCLUDES(mutex_);                  // callers do not hold it
//
// To other compilers the attributes mean nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#ifdef __clang__
#define TOCSIN_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define TOCSIN_THREAD_ATTRIBUTE(x)
#endif

#define CAPABILITY(name) TOCSIN_THREAD_ATTRIBUTE(capability(name))
#define SCOPED_CAPABILITY TOCSIN_THREAD_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(mutex) TOCSIN_THREAD_ATTRIBUTE(guarded_by(mutex))
#define PT_GUARDED_BY(mutex) TOCSIN_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
#define REQUIRES(...) TOCSIN_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TOCSIN_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) TOCSIN_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TOCSIN_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS TOCSIN_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace tocsin {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a mutex from here to the end of the scope, but for what lies between unlock() and lock().
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() {
    if (is_held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() ACQUIRE() {
    mutex_.lock();
    is_held_ = true;
  }
  void unlock() RELEASE() {
    is_held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool is_held_ = true;
};

// To wait for what a mutex guards. Conditions that read it say so:
//   changed_.wait(mutex_, [&]() REQUIRES(mutex_) { return !queue_.empty(); });
class CondVar {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  // May return without a notification.
  void wait(Mutex& mutex) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  template <class Holds>
  void wait(Mutex& mutex, Holds holds) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    while (!holds()) wait(mutex);
  }
  // Waits at most for `time`.
  template <class Rep, class Period>
  void wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> time)
      REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(lock, time);
    lock.release();
  }
  // Whether `holds` in the end.
  template <class Rep, class Period, class Holds>
  bool wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> time, Holds holds)
      REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool result = condition_.wait_for(lock, time, std::move(holds));
    lock.release();
    return result;
  }

 private:
  std::condition_variable condition_;
};

}  // namespace tocsin
