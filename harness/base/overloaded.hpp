#pragma once

namespace catflap {

/// Makes one visitor of several lambdas: `std::visit(overloaded{[](A) {...}, [](B) {...}}, variant)`.
template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

}  // namespace catflap
