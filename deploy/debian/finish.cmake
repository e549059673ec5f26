# Run by cpack on what goes into the package.
set(prefix ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_INSTALL_PREFIX})

# The names of functions stay: the watchdog tells by them where a loop is stuck.
foreach(program simuld simul-load)
  execute_process(COMMAND strip --strip-debug ${prefix}/bin/${program} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# What only a package has.
set(documents ${prefix}/share/doc/simul)
configure_file(${CMAKE_CURRENT_LIST_DIR}/changelog ${documents}/changelog COPYONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/lintian-overrides
  ${prefix}/share/lintian/overrides/simul COPYONLY)

# As Debian's policy has it (12.1, 12.7), without a name or a date that would differ from build to
# build.
file(GLOB pages ${prefix}/share/man/man*/*.[158])
execute_process(COMMAND gzip -9n ${documents}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)

# cpack gives the package itself this time; what is in it should have no other.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${CPACK_TEMPORARY_INSTALL_DIRECTORY}
    -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} + COMMAND_ERROR_IS_FATAL ANY)
endif()
