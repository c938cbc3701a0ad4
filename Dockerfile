# Anneal in a container: docker build -t anneal . && docker run --rm anneal table 'StepLR(step_size=30, gamma=0.1)'
# Runs are in the folder that is mounted at /work: docker run --rm -v "$PWD:/work" anneal train --out runs/first
# This file was written where there is no Docker, and so it has not been built there; what it does is what .ci/release tests.
FROM eclipse-temurin:25-jdk AS build
WORKDIR /source
COPY . .
RUN apt-get update -q && apt-get install -y -q --no-install-recommends unzip \
    && ./mvnw -B -ntp package -Parchive -Dquick -DskipTests -pl cli -am \
    && unzip -q cli/target/anneal-*-linux-x86_64.zip -d /archive && mv /archive/anneal-* /archive/anneal

FROM eclipse-temurin:25-jre
COPY --from=build /archive/anneal /opt/anneal
# The first start writes the classes that make later ones faster; as another user none could.
RUN ln -s /opt/anneal/anneal /usr/local/bin/anneal && anneal table 'StepLR(30)' --steps 1 && mkdir /work
WORKDIR /work
USER 1000
ENTRYPOINT ["anneal"]
