package consumer

import java.nio.file.Files
import org.anneal.plot.Plot
import org.anneal.schedule.CosineAnnealingLR
import org.anneal.schedule.Schedule

/** A warmup and a cosine: as text, as numbers, and as a picture. */
fun main() {
    val schedule: Schedule = CosineAnnealingLR(90).afterWarmup(10, 0.1)
    println(schedule)
    for (step in listOf(0L, 10L, 55L, 100L)) {
        println("%d %.4f".format(step, schedule.at(step, 1.0)))
    }
    val picture = Files.createTempFile("curve", ".svg")
    Plot.of(schedule).withSteps(100).save(picture)
    println(Files.readString(picture).contains("<svg"))
    Files.delete(picture)
}
