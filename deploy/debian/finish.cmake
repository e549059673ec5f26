# Run by cpack on what goes into the package.
set(prefix ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_INSTALL_PREFIX})

# The names of functions stay: the watchdog tells by them where a loop is stuck.
foreach(program simuld simul-load)
  execute_process(COMMAND strip --strip-debug ${prefix}/bin/${program} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# As Debian's policy has it (12.1), without a name or a date that would differ from build to build.
file(GLOB pages ${prefix}/share/man/man*/*.[158])
if(pages)
  execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
endif()
