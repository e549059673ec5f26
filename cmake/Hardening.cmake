# simul_harden(TARGET): what the compiler and the linker can do against somebody who has found a way
# to write where he should not. For optimised builds without sanitizers: those look more closely
# themselves, and _FORTIFY_SOURCE wants an optimiser. tests/unit/hardening.sh looks at the result.
include(CheckCCompilerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

set(hardening_compile_flags)
# _FORTIFY_SOURCE: functions of the C library check bounds that the compiler knows. Stack: a value
# before the return address, and no jump over the guard page. CET, or BTI and PAC on arm64: the
# processor checks where indirect jumps and returns go, where it can.
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "have${flag}" have)
  check_c_compiler_flag("-Werror ${flag}" ${have})
  if(${have})
    list(APPEND hardening_compile_flags ${flag})
  endif()
endforeach()
# Some distributions' compilers define a lower one by themselves.
list(APPEND hardening_compile_flags -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
# Relocations are done before main and read-only from then on; nothing on the stack runs.
set(hardening_link_flags -Wl,-z,relro,-z,now,-z,noexecstack)

function(simul_harden target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  else()
    # Not the property, which means -fPIC here, as in a library whose functions another one may
    # replace: they could not be inlined, which is 2 to 4 % of what a chat delivery costs.
    target_compile_options(${target} PRIVATE -fPIE)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Debug" OR SIMUL_SANITIZE)
    return()
  endif()
  target_compile_options(${target} PRIVATE ${hardening_compile_flags})
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE ${hardening_link_flags})
  endif()
endfunction()
