#include "sys/netns.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "sys/error.hpp"

#ifndef NS_GET_NSTYPE
#define NS_GET_NSTYPE _IO(0xb7, 0x3)  // <linux/nsfs.h>
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

namespace catflap::sys::netns {
namespace {

constexpr const char* kThreadNamespace = "/proc/thread-self/ns/net";  // /proc/self would be the main thread's

}  // namespace

std::string to_string(const NsId& id) {
  return "net:[" + std::to_string(id.inode) + "]";
}

Result<Handle> Handle::from_fd(UniqueFd fd) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) {
    return fail(last_error("cannot look at a namespace"));
  }
  const int type = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (type != CLONE_NEWNET) {
    return fail(Errc::invalid, "not a network namespace");
  }
  return Handle(std::move(fd), NsId{info.st_dev, info.st_ino});
}

Result<Handle> Handle::from_path(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail(last_error("cannot open " + path.string()));
  }
  return with_context(from_fd(std::move(fd)), path.string());
}

Result<Handle> Handle::current() {
  return from_path(kThreadNamespace);
}

Result<Handle> Handle::from_pid(int pid) {
  return from_path("/proc/" + std::to_string(pid) + "/ns/net");
}

Result<Handle> Handle::of_socket(int socket) {
  UniqueFd fd(::ioctl(socket, SIOCGSKNS));
  if (!fd) {
    return fail(last_error("cannot tell the namespace of a socket"));
  }
  return from_fd(std::move(fd));
}

Result<Handle> Handle::duplicate() const {
  auto fd = fd_.duplicate();
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  return Handle(std::move(*fd), id_);
}

/// The thread and its queue. All that touches namespaces runs on the thread.
class Executor::Impl {
 public:
  ~Impl() {
    if (!thread_.joinable()) {
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      quit_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  bool on_thread() const { return std::this_thread::get_id() == thread_id_; }

  /// Runs `body` on the thread and waits for it; at once if this is the thread.
  Status call(const std::function<Status()>& body) {
    std::unique_lock lock(mutex_);
    if (auto started = start(); !started) {
      return started;
    }
    if (on_thread()) {
      lock.unlock();
      return guarded(body);
    }
    Request request{&body, {}, false};
    queue_.push_back(&request);
    wake_.notify_one();
    done_.wait(lock, [&] { return request.done; });
    return std::move(request.status);
  }

  /// On the thread only.
  Status enter_and(const Handle& ns, const std::function<Status()>& body) {
    const Handle* before = inside_;
    if (auto moved = move_to(ns); !moved) {
      return moved;
    }
    inside_ = &ns;
    Status status = guarded(body);
    inside_ = before;
    go_back(before != nullptr ? *before : *home_);
    return status;
  }

  /// On the thread only. Stays in the new namespace if there is one: leave() ends that.
  Result<Handle> unshare_here() {
    if (::unshare(CLONE_NEWNET) != 0) {
      const int error = errno;
      return fail(system_error(error == EPERM
                                   ? "cannot create a network namespace (root or CAP_SYS_ADMIN is needed)"
                                   : "cannot create a network namespace",
                               error));
    }
    auto created = Handle::current();
    if (created) {
      here_ = created->id();
    } else {
      here_ = NsId{};  // somewhere unknown: only go_back() may follow
    }
    return created;
  }
  void leave() { go_back(inside_ != nullptr ? *inside_ : *home_); }

 private:
  struct Request {
    const std::function<Status()>* body;
    Status status;
    bool done;
  };

  /// Precondition: mutex_ is held.
  Status start() {
    if (thread_.joinable()) {
      return {};
    }
    auto home = Handle::current();
    if (!home) {
      return fail(std::move(home.error()));
    }
    home_ = std::move(*home);
    here_ = home_->id();
    sigset_t all, before;
    (void)::sigfillset(&all);
    (void)::pthread_sigmask(SIG_SETMASK, &all,
                            &before);  // the thread inherits it: no handler ever runs there
    Status status;
    try {
      thread_ = std::thread([this] { serve(); });
      thread_id_ = thread_.get_id();
    } catch (const std::system_error& error) {
      status = fail(system_error("cannot start the namespace thread", error.code().value()));
    }
    (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return status;
  }

  void serve() {
    (void)::pthread_setname_np(::pthread_self(), "catflap-netns");
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return quit_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      Request* request = queue_.front();
      queue_.pop_front();
      lock.unlock();
      Status status = guarded(*request->body);
      lock.lock();
      request->status = std::move(status);
      request->done = true;
      done_.notify_all();
    }
  }

  static Status guarded(const std::function<Status()>& body) {
    try {
      return body();
    } catch (const std::exception& error) {
      return fail(Errc::io, std::string("unexpected: ") + error.what());
    }
  }

  Status move_to(const Handle& ns) {
    if (ns.id() == here_) {
      return {};
    }
    if (::setns(ns.fd(), CLONE_NEWNET) != 0) {
      return fail(last_error("cannot enter " + to_string(ns.id())));
    }
    here_ = ns.id();
    return {};
  }
  void go_back(const Handle& ns) {
    if (!move_to(ns)) {
      (void)std::fputs("catflap: cannot leave a network namespace; giving up\n", stderr);
      std::abort();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::deque<Request*> queue_;  // guarded by mutex_
  bool quit_ = false;           // guarded by mutex_
  std::thread thread_;
  std::thread::id thread_id_;
  std::optional<Handle> home_;
  // Touched on the thread only, after start():
  NsId here_;
  const Handle* inside_ = nullptr;
};

Executor::Executor() : impl_(std::make_unique<Impl>()) {}
Executor::~Executor() = default;

Executor& Executor::shared() {
  static auto* const executor = new Executor();  // never destroyed: threads may use it until the very end
  return *executor;
}

Result<std::vector<Handle>> Executor::create_many(std::size_t count) {
  std::vector<Handle> made;
  const auto status = impl_->call([&]() -> Status {
    Status result;
    for (std::size_t i = 0; i < count && result; ++i) {
      auto handle = impl_->unshare_here();
      if (handle) {
        made.push_back(std::move(*handle));
      } else {
        result = fail(std::move(handle.error()));
      }
    }
    impl_->leave();
    return result;
  });
  if (!status) {
    return fail(status.error());
  }
  return made;
}

Result<Handle> Executor::create() {
  auto made = create_many(1);
  if (!made) {
    return fail(std::move(made.error()));
  }
  return std::move(made->front());
}

Status Executor::run(const std::function<Status()>& body) {
  return impl_->call(body);
}

Status Executor::run_in(const Handle& ns, const std::function<Status()>& body) {
  return impl_->call([&] { return impl_->enter_and(ns, body); });
}

Result<UniqueFd> Executor::socket_in(const Handle& ns, int family, int type, int protocol) {
  UniqueFd socket;
  const auto status = run_in(ns, [&]() -> Status {
    socket.reset(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (!socket) {
      return fail(last_error("cannot open a socket"));
    }
    return {};
  });
  if (!status) {
    return fail(status.error());
  }
  return socket;
}

namespace {

/// "/proc/sys/net/..." of a key in either spelling. Only keys below net belong to a network namespace.
Result<std::string> sysctl_path(std::string_view key) {
  std::string path(key);
  if (path.find('/') == std::string::npos) {
    std::replace(path.begin(), path.end(), '.', '/');
  }
  if (path.rfind("net/", 0) != 0 || ("/" + path + "/").find("/../") != std::string::npos) {
    return fail(Errc::invalid,
                "sysctl '" + std::string(key) + "' does not belong to a network namespace; use net.*");
  }
  return "/proc/sys/" + path;
}

/// What an open kernel file says now; `path` is for the error.
Result<std::string> read_value(const UniqueFd& file, const std::string& path) {
  char buffer[4096];
  const ssize_t got = ::pread(file.get(), buffer, sizeof buffer, 0);
  if (got < 0) {
    return fail(last_error("cannot read " + path));
  }
  std::string text(buffer, static_cast<std::size_t>(got));
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

Result<std::string> read_all(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return fail(last_error("cannot open " + path));
  }
  return read_value(file, path);
}

/// Kernel files print lists with tabs.
std::string normal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

Status write_sysctl_here(std::string_view key, std::string_view value) {
  const auto path = sysctl_path(key);
  if (!path) {
    return fail(path.error());
  }
  const auto what = [&] { return "sysctl " + std::string(key) + "=" + std::string(value); };
  UniqueFd file(::open(path->c_str(), O_RDWR | O_CLOEXEC));
  const bool write_only = !file && errno == EACCES;  // some only act when written to (flush)
  if (write_only) {
    file.reset(::open(path->c_str(), O_WRONLY | O_CLOEXEC));
  }
  if (!file) {
    return fail(last_error(what()));
  }
  // Most are as they should be already; writing is what costs, because the kernel tells all interfaces.
  if (!write_only) {
    const auto before = read_value(file, *path);
    if (before && normal(*before) == normal(value)) {
      return {};
    }
  }
  if (::pwrite(file.get(), value.data(), value.size(), 0) != static_cast<ssize_t>(value.size())) {
    return fail(last_error(what()));
  }
  if (write_only) {
    return {};
  }
  const auto now = read_value(file, *path);
  if (!now) {
    return fail(now.error());
  }
  if (normal(*now) != normal(value)) {
    return fail(Errc::invalid, what() + ": the kernel made it '" + normal(*now) + "'");
  }
  return {};
}

}  // namespace

Status Executor::write_sysctl(const Handle& ns, std::string_view key, std::string_view value) {
  return run_in(ns, [&] { return write_sysctl_here(key, value); });
}

Result<std::string> Executor::read_sysctl(const Handle& ns, std::string_view key) {
  const auto path = sysctl_path(key);
  if (!path) {
    return fail(path.error());
  }
  Result<std::string> value;
  const auto status = run_in(ns, [&]() -> Status {
    value = read_all(*path);
    return {};
  });
  if (!status) {
    return fail(status.error());
  }
  return value;
}

Status pin(const Handle& ns, const std::filesystem::path& where) {
  const UniqueFd file(::open(where.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) {
    return fail(last_error("cannot pin a namespace to " + where.string()));
  }
  const std::string source = "/proc/thread-self/fd/" + std::to_string(ns.fd());
  if (::mount(source.c_str(), where.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    const auto error = last_error("cannot pin a namespace to " + where.string());
    (void)::unlink(where.c_str());  // made two lines above, exclusively
    return fail(error);
  }
  return {};
}

Status unpin(const NsId& expected, const std::filesystem::path& where) {
  const auto there = Handle::from_path(where);
  if (!there || there->id() != expected) {
    return fail(Errc::conflict, where.string() + " is not a pin of " + to_string(expected));
  }
  if (::umount2(where.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
    return fail(last_error("cannot unpin " + where.string()));
  }
  if (::unlink(where.c_str()) != 0) {
    return fail(last_error("cannot remove " + where.string()));
  }
  return {};
}

}  // namespace catflap::sys::netns
