// Does a static program work here? See CatflapStatic.cmake.
#include <fmt/format.h>
#include <netlink/msg.h>

int main(int argc, char**) {
  nl_msg* const message = nlmsg_alloc();
  fmt::print("{} {:.2f}\n", fmt::format("{:>4}", message != nullptr), 1.5 * argc);
  nlmsg_free(message);
}
